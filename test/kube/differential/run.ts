import { randomBytes } from 'node:crypto';
import { messageOf } from '../../../src/lib/errors.ts';
import { type Difference, differences } from './compare.ts';
import type { Scenario } from './scenarios/scenario.ts';
import type { Side } from './side.ts';
import { User, type View } from './user.ts';

const atOnce = 6;

/** Plays scenarios on both sides, and returns all that differs. */
export async function play(scenarios: readonly Scenario[], embedded: Side, cluster: Side): Promise<Difference[]> {
  const mark = `x${randomBytes(3).toString('hex')}`;
  const [one, other] = await Promise.all([embedded, cluster].map((side) => playAll(scenarios, side, mark)));
  return scenarios.flatMap(({ name }) => differences(name, one?.get(name) ?? new Map(), other?.get(name) ?? new Map()));
}

async function playAll(scenarios: readonly Scenario[], side: Side, mark: string): Promise<Map<string, View>> {
  const views = new Map<string, View>();
  const work = async (queue: Scenario[]) => {
    for (let next = queue.shift(); next; next = queue.shift()) views.set(next.name, await playOne(next, side, mark));
  };
  const together = scenarios.filter(({ alone }) => !alone);
  await Promise.all(Array.from({ length: atOnce }, () => work(together)));
  await work(scenarios.filter(({ alone }) => alone));
  return views;
}

async function playOne(scenario: Scenario, side: Side, mark: string): Promise<View> {
  using user = new User(side, scenario.name, mark);
  await user.have({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: user.namespace } });
  await scenario.run(user).catch((error: unknown) => user.fail(messageOf(error)));
  return user.view;
}
