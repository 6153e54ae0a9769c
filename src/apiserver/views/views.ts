import { eventFieldsInCore, fromEventV1, toEventV1 } from '../../model/kinds/core/event-v1.ts';
import { anyKind, type Event, type EventV1, events, eventsV1 } from '../../model/kinds/index.ts';
import type { View } from './view.ts';

/** The views that are served beside the kinds that have a store. */
export const views: readonly View[] = [
  {
    kind: anyKind(eventsV1),
    stored: anyKind(events),
    // What is stored as a kind, and what the view's own schema has parsed, is of that type.
    toView: (event) => toEventV1(event as Event),
    fromView: (event) => fromEventV1(event as EventV1),
    fields: eventFieldsInCore,
  },
];
