import { expect, test } from 'vitest';
import { parseUnwritten } from './space.ts';

test('extents that nobody has written to are found in what xfs_io prints, and neighbours are one', () => {
  const text = `m/d:
 EXT: FILE-OFFSET      BLOCK-RANGE      TOTAL FLAGS
   0: [0..527]:        320..847           528   0x0
   1: [528..535]:      hole                 8
   2: [536..543]:      856..863             8 0x800
   3: [544..551]:      864..871             8 0x801
  27: [409472..409599]: 192..319          128 0x801
`;
  expect(parseUnwritten(text)).toEqual([
    { offset: 856n * 512n, length: 16n * 512n },
    { offset: 192n * 512n, length: 128n * 512n },
  ]);
  expect(parseUnwritten('m/d: no extents\n')).toEqual([]);
});
