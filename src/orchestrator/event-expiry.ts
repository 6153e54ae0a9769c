import type { Api } from '../api/api.ts';
import { Controller } from '../api/controller.ts';
import type { Log } from '../lib/log.ts';
import { type Event, events } from '../model/kinds/core.ts';
import { refTo } from '../model/object.ts';

/** How long after their last telling events are kept, in milliseconds: an hour, as in Kubernetes. */
const lifetime = 60 * 60_000;
/**
 * Least and most milliseconds between two rounds: events which expire one after the other go together, and one from a
 * clock that was ahead does not hold up those that come after it.
 */
const round = { least: 60_000, most: lifetime };

/** Deletes events an hour after they were last told. One timer, set to the next expiry; without events, none. */
export function createEventExpiry({ api, log }: { readonly api: Api; readonly log: Log }): Controller {
  const informer = api.informer(events);
  let waiting = false;
  return new Controller({
    name: 'event-expiry',
    log,
    concurrency: 1,
    reconcile: async () => {
      waiting = true;
      try {
        const now = Date.now();
        const expired = [...informer.list()].filter((event) => expiryOf(event) <= now);
        await Promise.all(expired.map((event) => api.delete(events, refTo(event))));
        const next = nextExpiry(informer.list());
        if (next !== undefined) return { again: Math.min(Math.max(next - now, round.least), round.most) };
        waiting = false;
        return undefined;
      } catch (error) {
        waiting = false;
        throw error;
      }
    },
    // A new event expires no sooner than the timer is set for.
  }).watch(informer, (_event, { type }) => (waiting || type !== 'added' ? [] : ['events']));
}

/** The time at which an event goes, in milliseconds since 1970. */
export function expiryOf({ lastTimestamp, eventTime, metadata, firstTimestamp }: Event): number {
  const told = Date.parse(lastTimestamp ?? eventTime ?? firstTimestamp ?? metadata.creationTimestamp ?? '');
  return (Number.isNaN(told) ? 0 : told) + lifetime;
}

function nextExpiry(all: Iterable<Event>): number | undefined {
  let next: number | undefined;
  for (const event of all) {
    const expiry = expiryOf(event);
    if (next === undefined || expiry < next) next = expiry;
  }
  return next;
}
