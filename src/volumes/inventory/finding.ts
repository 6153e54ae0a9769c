import type { Artifact, Attachment } from '../../engines/engine.ts';
import type { Difference } from '../../model/kinds/moorage.ts';

/** A difference, and what would mend it, if that is safe. */
export interface Finding extends Difference {
  readonly remedy?:
    | { readonly do: 'delete'; readonly artifact: Artifact & { readonly uid: string } }
    | { readonly do: 'detach'; readonly attachment: Attachment };
  /** True if work that goes on may look so for a moment: then it is one only if a second look sees it, too. */
  readonly momentary?: boolean;
}

/** The findings of a first look that are sure, or that a second look has as well. */
export function confirmed(first: readonly Finding[], second: readonly Finding[]): Finding[] {
  const seen = new Set(second.map(keyOf));
  return first.filter((finding) => !finding.momentary || seen.has(keyOf(finding)));
}

function keyOf({ kind, what, name, message }: Finding): string {
  return [kind, what, name, message].join('\n');
}
