import * as z from 'zod';
import { objectMeta } from '../../object.ts';
import { column, defineKind, nameColumn } from '../define.ts';
import { objectReference } from '../shared.ts';

const schema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Event'),
  metadata: objectMeta,
  involvedObject: objectReference,
  reason: z.string().optional(),
  message: z.string().optional(),
  source: z.object({ component: z.string().optional(), host: z.string().optional() }).optional(),
  type: z.string().optional(),
  count: z.number().int().optional(),
  series: z.object({ count: z.number().int().optional(), lastObservedTime: z.string().nullish() }).nullish(),
  firstTimestamp: z.string().nullish(),
  lastTimestamp: z.string().nullish(),
  eventTime: z.string().nullish(),
  action: z.string().optional(),
  related: objectReference.nullish(),
  reportingComponent: z.string().optional(),
  reportingInstance: z.string().optional(),
});
export type Event = z.infer<typeof schema>;

/** Event, as core/v1 has it. */
export const events = defineKind<Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  namespaced: true,
  updateCreates: true,
  description: 'Something that happened to an object.',
  schema: schema as z.ZodType<Event>,
  mergeKeys: {},
  selectable: {
    'involvedObject.kind': (event) => event.involvedObject.kind ?? '',
    'involvedObject.namespace': (event) => event.involvedObject.namespace ?? '',
    'involvedObject.name': (event) => event.involvedObject.name ?? '',
    'involvedObject.uid': (event) => event.involvedObject.uid ?? '',
    'involvedObject.apiVersion': (event) => event.involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': (event) => event.involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': (event) => event.involvedObject.fieldPath ?? '',
    reason: (event) => event.reason ?? '',
    reportingComponent: (event) => event.reportingComponent ?? '',
    source: (event) => event.source?.component || (event.reportingComponent ?? ''),
    type: (event) => event.type ?? '',
  },
  table: [
    column('Last Seen', 'When it last happened.', lastSeen, { type: 'date' }),
    column('Type', 'Normal or Warning.', (event) => event.type ?? ''),
    column('Reason', 'One word for programs.', (event) => event.reason ?? ''),
    column('Object', 'What it happened to.', ({ involvedObject: { kind = '', name } }) =>
      name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase(),
    ),
    column('Subobject', 'The part of it.', (event) => event.involvedObject.fieldPath ?? '', { wide: true }),
    column('Source', 'Who says so.', sourceOf, { wide: true }),
    column('Message', 'What happened.', (event) => event.message?.trim() ?? ''),
    column('First Seen', 'When it first happened.', firstSeen, { wide: true, type: 'date' }),
    column('Count', 'How often it happened.', (event) => event.series?.count ?? event.count ?? 1, { wide: true }),
    { ...nameColumn<Event>(), priority: 1 },
  ],
});

function firstSeen(event: Event): string | undefined {
  return event.firstTimestamp ?? event.eventTime ?? undefined;
}

function lastSeen(event: Event): string | undefined {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event);
}

function sourceOf({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component || reportingComponent || '';
  const host = source?.host || reportingInstance || '';
  return host ? `${component}, ${host}` : component;
}
