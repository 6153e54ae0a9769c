import type { Mutation } from './mutation.ts';

const file = 'src/volumes/inventory/controller.ts';
const test = 'test/volumes/races.test.ts';

/** An inventory that removes has to be sure. */
export const inventory: readonly Mutation[] = [
  {
    guard: 'the API has the last word on whether an object claims the bytes',
    file,
    text: "    if (claimed?.metadata.uid === uid) return 'kept: an object claims it now';\n",
    test,
    name: 'the inventory asks the API before it removes bytes whose object its view does not show yet',
  },
  {
    guard: 'what something stands for is kept',
    file,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source
    text: '    if (by) return `kept: ${referenceText(by)} stands for it`;\n',
    test,
    name: 'the inventory asks once more whether something stands for the bytes before it removes them',
  },
  {
    guard: 'the mark is compared once more',
    file,
    text: "    if ((await engine.volumes.get(kind, { pool, name }))?.uid !== uid) return 'it is gone already';\n",
    test,
    name: 'the inventory looks at the mark once more before it removes',
  },
];
