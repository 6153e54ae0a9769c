import { expect, test } from 'vitest';
import { fieldSelectorIn } from './field-selector.ts';

const names = { 'regarding.name': 'involvedObject.name', reportingController: 'reportingComponent' };

test.each([
  [undefined, undefined],
  ['', ''],
  ['regarding.name=a', 'involvedObject.name=a'],
  ['type!=Normal,regarding.name==a', 'type!=Normal,involvedObject.name==a'],
  ['reportingController=regarding.name', 'reportingComponent=regarding.name'],
  ['type=a\\,regarding.name=b', 'type=a\\,regarding.name=b'],
  ['toString=a', 'toString=a'],
])('%j is %j', (selector, expected) => {
  expect(fieldSelectorIn(selector, names)).toBe(expected);
});
