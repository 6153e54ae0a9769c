import type { Mutation } from './mutation.ts';

const test = 'test/csi-third-party/careful.test.ts';
const answer = 'src/sidecars/provisioning/provision.ts';

/** What a driver makes is named before, and looked at afterwards. */
export const provisioning: readonly Mutation[] = [
  {
    guard: "the claim's finalizer comes before CreateVolume",
    file: answer,
    text: 'const claim = await markInProgress(parts, found, driver.name);',
    instead: 'const claim = found;',
    test,
    name: 'a claim carries a finalizer before its driver is asked, so that nothing is made that nobody names',
  },
  {
    guard: "the driver's answer is checked: the size",
    file: answer,
    text: '        checkAnswer(wanted, answer);\n',
    test,
    name: 'a volume that is smaller than what was asked for is not taken, and is deleted again',
  },
  {
    guard: "the driver's answer is checked: the source",
    file: answer,
    text: '        checkAnswer(wanted, answer);\n',
    test,
    name: 'a copy that was not filled from its source is not taken, and is deleted again',
  },
  {
    guard: 'what does not keep what was asked is deleted again',
    file: answer,
    text: '        await callDeleteVolume(driver, answer.volume?.volumeId, wanted.secrets);\n',
    test,
    name: 'a volume that is smaller than what was asked for is not taken, and is deleted again',
  },
];
