import { join } from 'node:path';
import { build, type Image } from '../../../scripts/image/build.ts';
import { root } from '../../support/program.ts';

/** The example's folder: its manifests, and what its images are made of. */
export const example = join(root, 'examples/wordpress');

/** Builds the two images that the manifests name. */
export async function buildImages(say: (text: string) => void): Promise<Image[]> {
  const images: Image[] = [];
  for (const name of ['mariadb', 'wordpress']) {
    const context = join(example, 'images', name);
    const recipe = {
      name: `localhost/moorage-example/${name}:debian-12`,
      dockerfile: join(context, 'Dockerfile'),
      context,
    };
    images.push(await build(recipe, say));
  }
  return images;
}
