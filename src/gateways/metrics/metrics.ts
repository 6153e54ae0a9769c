import { type Pass, passes } from '../../api/controller.ts';
import { type ApiRequest, requests } from '../../api/kube/requests.ts';
import type { Meter } from '../../lib/meter.ts';
import type { MetricsOptions } from './options.ts';
import type { Page } from './page.ts';
import { timeWays } from './ways.ts';

/** What happens, as Prometheus text. */
export interface Metrics extends Disposable {
  readonly meter: Meter;
  /** Counts and times the objects of a cluster, too, from now on: for the one replica that leads. */
  countCluster(): void;
  /** The page, in Prometheus' text format 0.0.4. */
  text(): Promise<string>;
}

/** Milliseconds after which the page is made ready, so that the start of the program does not wait for it. */
const delay = 2_000;

/**
 * Opens the metrics. What can be counted when somebody asks is counted then, and nothing wakes an idle process. What
 * is observed before the page is ready is kept for it.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  const stack = new DisposableStack();
  let early: ((page: Page) => void)[] = [];
  let page: Page | undefined;
  let opening: Promise<Page> | undefined;
  const tell = (news: (page: Page) => void) => {
    if (page) news(page);
    else early.push(news);
  };
  const open = async (): Promise<Page> => {
    const { openPage } = await import('./page.ts');
    page = openPage(options);
    for (const news of early) news(page);
    early = [];
    return page;
  };
  const opened = () => {
    opening ??= open();
    return opening;
  };
  const timer = setTimeout(() => void opened(), delay).unref();
  stack.defer(() => clearTimeout(timer));
  const onPass = (pass: unknown) => {
    const { controller, code, seconds } = pass as Pass;
    tell((it) => it.observe('reconcile', { controller, code }, seconds));
  };
  passes.subscribe(onPass);
  stack.defer(() => passes.unsubscribe(onPass));
  const onRequest = (request: unknown) => tell((it) => it.countRequest(request as ApiRequest));
  requests.subscribe(onRequest);
  stack.defer(() => requests.unsubscribe(onRequest));
  const { api, objects = 'embedded' } = options;
  let counted = false;
  const count = (hasMounts: boolean) => {
    if (counted) return;
    counted = true;
    stack.use(timeWays(api, hasMounts, (way, seconds) => tell((it) => it.observeWay(way, seconds))));
    tell((it) => it.countObjects(hasMounts));
  };
  if (objects === 'embedded') count(true);
  return {
    // A cluster has no Mounts.
    countCluster: () => count(false),
    meter: { observe: (series, labels, seconds) => tell((it) => it.observe(series, labels, seconds)) },
    text: async () => (await opened()).text(),
    [Symbol.dispose]: () => stack.dispose(),
  };
}
