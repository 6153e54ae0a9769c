import * as z from 'zod';
import { notSupported, required, tooLong } from '../../field-errors.ts';
import type { Column, FieldError } from '../../kind.ts';
import { objectMeta } from '../../object.ts';
import { defineKind } from '../define.ts';
import { objectReference } from '../shared.ts';
import { type Event, events } from './event.ts';

const schema = z.object({
  apiVersion: z.literal('events.k8s.io/v1'),
  kind: z.literal('Event'),
  metadata: objectMeta,
  eventTime: z.string().nullish(),
  series: z.object({ count: z.number().int(), lastObservedTime: z.string().nullish() }).nullish(),
  reportingController: z.string().optional(),
  reportingInstance: z.string().optional(),
  action: z.string().optional(),
  reason: z.string().optional(),
  regarding: objectReference.optional(),
  related: objectReference.nullish(),
  note: z.string().optional(),
  type: z.string().optional(),
  deprecatedSource: z.object({ component: z.string().optional(), host: z.string().optional() }).optional(),
  deprecatedFirstTimestamp: z.string().nullish(),
  deprecatedLastTimestamp: z.string().nullish(),
  deprecatedCount: z.number().int().optional(),
});
export type EventV1 = z.infer<typeof schema>;

/** An event of core/v1 as events.k8s.io/v1 has it. */
export function toEventV1(event: Event): EventV1 {
  const { involvedObject, message, source, firstTimestamp, lastTimestamp, count, reportingComponent, ...same } = event;
  return defined({
    ...same,
    apiVersion: 'events.k8s.io/v1',
    series: same.series && { ...same.series, count: same.series.count ?? 0 },
    regarding: involvedObject,
    note: message,
    reportingController: reportingComponent,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
  });
}

/** The reverse of toEventV1. */
export function fromEventV1(event: EventV1): Event {
  const { regarding = {}, note, reportingController, deprecatedSource, deprecatedCount, ...rest } = event;
  const { deprecatedFirstTimestamp, deprecatedLastTimestamp, ...same } = rest;
  return defined({
    ...same,
    apiVersion: 'v1',
    involvedObject: regarding,
    message: note,
    reportingComponent: reportingController,
    source: deprecatedSource,
    firstTimestamp: deprecatedFirstTimestamp,
    lastTimestamp: deprecatedLastTimestamp,
    count: deprecatedCount,
  });
}

/** The same without what has no value. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, child]) => child !== undefined)) as T;
}

/** What fields of events.k8s.io are called in core/v1, where a selector may name them. */
export const eventFieldsInCore: Readonly<Record<string, string>> = {
  reportingController: 'reportingComponent',
  ...Object.fromEntries(
    Object.keys(events.selectable)
      .filter((field) => field.startsWith('involvedObject.'))
      .map((field) => [field.replace('involvedObject.', 'regarding.'), field]),
  ),
};

/** Event, as events.k8s.io/v1 has it: another form of those of core/v1. Every event is seen in both. */
export const eventsV1 = defineKind<EventV1>({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  namespaced: true,
  updateCreates: true,
  description: 'Something that happened to an object.',
  schema: schema as z.ZodType<EventV1>,
  mergeKeys: {},
  selectable: {
    reason: (event) => event.reason ?? '',
    type: (event) => event.type ?? '',
    ...Object.fromEntries(
      Object.entries(eventFieldsInCore).map(([field, inCore]) => [
        field,
        (event: EventV1) => events.selectable[inCore]?.(fromEventV1(event)) ?? '',
      ]),
    ),
  },
  validate: (event, old) => (old ? [] : newEventErrors(event)),
  table: events.columns.map(
    (column): Column<EventV1> => ({
      ...column,
      value: (event) => column.value(fromEventV1(event)),
    }),
  ),
});

const longest = { action: 128, reason: 128, reportingInstance: 128, note: 1024 } as const;

/** As Kubernetes' ValidateEventCreate checks those that come by this API. */
function newEventErrors(event: EventV1): FieldError[] {
  const needed = ['eventTime', 'reportingController', 'reportingInstance', 'action', 'reason'] as const;
  return [
    ...needed.filter((field) => !event[field]).map((field) => required(field)),
    ...Object.entries(longest)
      .filter(([field, limit]) => String(Reflect.get(event, field) ?? '').length > limit)
      .map(([field, limit]) => tooLong(field, limit)),
    ...(event.type === 'Normal' || event.type === 'Warning'
      ? []
      : [notSupported('type', event.type ?? '', ['Normal', 'Warning'])]),
  ];
}
