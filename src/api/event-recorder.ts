import { timestamp } from '../lib/clock.ts';
import { isCode, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { type Event, events } from '../model/kinds/core.ts';
import type { KubeObject } from '../model/object.ts';
import type { Api } from './api.ts';
import type { EventRecorder } from './events.ts';

export interface EventRecorderOptions {
  readonly api: Api;
  /** Who tells: `moorage`, or the name of a driver. */
  readonly component: string;
  readonly log: Log;
  /** Least milliseconds between two writes of one event. Default 10,000. */
  readonly interval?: number;
}

/** One piece of news, and how often it was told. */
interface News {
  /** The event as it was first told. */
  readonly event: Event;
  count: number;
  last: Date;
  /** When it may be written again, by performance.now(). */
  next: number;
  isWritten: boolean;
}

/** So many are written at once. */
const atOnce = 4;
/**
 * In a burst, what people may read later does not crowd out what they wait for: while so much news comes in so many
 * milliseconds, good news is held back, but no longer than that.
 */
const burst = { news: 8, within: 500, longest: 15_000 };

/** So many pieces of news are remembered; what was not heard for longest is told anew. */
const remembered = 4_096;

/** Makes an EventRecorder that writes core/v1 events. Disposing of it writes what is still to be counted. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder & AsyncDisposable {
  return new Recorder(options);
}

class Recorder implements EventRecorder, AsyncDisposable {
  readonly #options: EventRecorderOptions;
  readonly #interval: number;
  readonly #news = new Map<string, News>();
  readonly #repeated = new Set<News>();
  readonly #waiting = new Set<News>();
  readonly #writing = new Set<News>();
  /** When news came last, so often as makes a burst. */
  readonly #came: number[] = [];
  #heldSince: number | undefined;
  #isEnding = false;
  #idle: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #holding: NodeJS.Timeout | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#interval = options.interval ?? 10_000;
  }

  normal(object: KubeObject, reason: string, message: string): void {
    this.#tell(object, 'Normal', reason, message);
  }

  warning(object: KubeObject, reason: string, message: string): void {
    this.#tell(object, 'Warning', reason, message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#holding);
    this.#isEnding = true;
    for (const news of this.#repeated) this.#write(news);
    this.#pump();
    if (this.#writing.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #tell(object: KubeObject, type: string, reason: string, message: string): void {
    const { uid, namespace, name } = object.metadata;
    const key = JSON.stringify([uid ?? [object.kind, namespace, name], type, reason, message]);
    const known = this.#news.get(key);
    const now = new Date();
    if (!known) {
      this.#came.push(performance.now());
      if (this.#came.length > burst.news) this.#came.shift();
      const event = newEvent(object, type, reason, message, this.#options.component, now);
      const news = { event, count: 1, last: now, next: 0, isWritten: false };
      this.#remember(key, news);
      this.#write(news);
      return;
    }
    // Moves to the end: the map is in the order of hearing.
    this.#news.delete(key);
    this.#news.set(key, known);
    known.count += 1;
    known.last = now;
    this.#repeated.add(known);
    this.#schedule();
  }

  #remember(key: string, news: News): void {
    this.#news.set(key, news);
    if (this.#news.size <= remembered) return;
    const [oldest] = this.#news.keys();
    if (oldest !== undefined) this.#news.delete(oldest);
  }

  /** One timer, for the earliest repetition that may be written. */
  #schedule(): void {
    if (this.#timer || this.#repeated.size === 0) return;
    const earliest = Math.min(...[...this.#repeated].map(({ next }) => next));
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        const now = performance.now();
        for (const news of this.#repeated) if (news.next <= now) this.#write(news);
        this.#schedule();
      },
      Math.max(earliest - performance.now(), 1),
    );
    this.#timer.unref();
  }

  #write(news: News): void {
    this.#repeated.delete(news);
    news.next = performance.now() + this.#interval;
    this.#waiting.add(news);
    this.#pump();
  }

  #pump(): void {
    const holds = this.#holds();
    for (const news of this.#waiting) {
      if (this.#writing.size >= atOnce) return;
      if (this.#writing.has(news) || (holds && news.event.type === 'Normal')) continue;
      this.#waiting.delete(news);
      this.#writing.add(news);
      void this.#saveOrLog(news);
    }
    if (this.#writing.size === 0) this.#idle?.();
  }

  /** Whether good news waits; if so, there is another look when the burst may be over. */
  #holds(): boolean {
    const now = performance.now();
    const [first = 0] = this.#came;
    const isBurst = this.#came.length === burst.news && now - first < burst.within;
    if (!isBurst || this.#isEnding) this.#heldSince = undefined;
    else this.#heldSince ??= now;
    if (this.#heldSince === undefined || now - this.#heldSince > burst.longest) return false;
    this.#holding ??= setTimeout(() => {
      this.#holding = undefined;
      this.#pump();
    }, burst.within).unref();
    return true;
  }

  async #saveOrLog(news: News): Promise<void> {
    try {
      await this.#save(news);
    } catch (error) {
      const { reason, involvedObject } = news.event;
      const fields = { event: reason, object: `${involvedObject.kind} ${involvedObject.name}`, why: messageOf(error) };
      // A namespace that goes takes no more news.
      const expected = isCode(error, 'permission', 'not-found');
      this.#options.log[expected ? 'debug' : 'warn'](fields, 'an event could not be written');
    }
    this.#writing.delete(news);
    this.#pump();
  }

  async #save(news: News): Promise<void> {
    const { api } = this.#options;
    const { event, count, last } = news;
    const { namespace, name } = event.metadata;
    if (news.isWritten) {
      const body = { count, lastTimestamp: timestamp(last) };
      try {
        await api.patch(events, { namespace, name }, { type: 'merge', body });
        return;
      } catch (error) {
        // It has expired.
        if (!isCode(error, 'not-found')) throw error;
      }
    }
    await api.create(events, { ...event, count, lastTimestamp: timestamp(last) });
    news.isWritten = true;
  }
}

let serial = 0;

function newEvent(
  object: KubeObject,
  type: string,
  reason: string,
  message: string,
  component: string,
  now: Date,
): Event {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  serial += 1;
  const suffix = (BigInt(now.getTime()) * 1_000_000n + BigInt(serial % 1_000_000)).toString(16);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    // As Kubernetes: the news of cluster-wide objects is in the default namespace.
    metadata: { name: `${name.slice(0, 230).replace(/[-.]+$/, '')}.${suffix}`, namespace: namespace ?? 'default' },
    involvedObject: { apiVersion: object.apiVersion, kind: object.kind, namespace, name, uid, resourceVersion },
    type,
    reason,
    message: message.slice(0, 1_024),
    source: { component },
    reportingComponent: component,
    count: 1,
    firstTimestamp: timestamp(now),
    lastTimestamp: timestamp(now),
  };
}
