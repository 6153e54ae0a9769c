import * as z from 'zod';

/** What meta.json, beside a volume's or snapshot's data, says. Having one is the mark that it is ours. */
const metadataSchema = z.object({
  version: z.literal(1),
  uid: z.string(),
  size: z.string().transform((text) => BigInt(text)),
  provisioning: z.enum(['thin', 'thick']),
  createdAt: z.string(),
  /** The claim that it was made for, `namespace/name`, where that was told. */
  claim: z.string().optional(),
  /** For a snapshot, the volume it was taken of. */
  volume: z.string().optional(),
  /** The file system that we made on it, or were about to make. */
  format: z.object({ fsType: z.string(), state: z.enum(['formatting', 'formatted']) }).optional(),
});
export type Metadata = Readonly<z.infer<typeof metadataSchema>>;

/** Reads the text of a meta.json; undefined if it is not one of ours. */
export function parseMetadata(text: string): Metadata | undefined {
  try {
    return metadataSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The text of a meta.json. */
export function printMetadata(metadata: Metadata): string {
  return `${JSON.stringify({ ...metadata, size: metadata.size.toString() })}\n`;
}
