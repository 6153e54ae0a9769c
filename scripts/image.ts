/** Builds the image of Moorage, and prints its name and the file that holds it. */
import { stat } from 'node:fs/promises';
import { messageOf } from '../src/lib/errors.ts';
import { buildImage } from './image/build.ts';

try {
  const started = performance.now();
  const { name, archive } = await buildImage((text) => console.error(`image: ${text}`));
  const { size } = await stat(archive);
  console.error(`image: ${Math.round(size / 1e6)} MB, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  console.log(`${name} ${archive}`);
} catch (error) {
  console.error(`image: ${messageOf(error)}`);
  process.exitCode = 1;
}
