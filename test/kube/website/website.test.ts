import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensurePrograms } from '../../../scripts/image/programs.ts';
import { root } from '../../support/program.ts';
import { attachCluster, type Cluster, until } from '../cluster/index.ts';
import { importOnce, installMoorage } from '../support/install.ts';
import { buildImages, example } from './images.ts';
import { Page } from './page.ts';
import { containerOf, namespace, processOf, ready } from './pods.ts';
import { install, logIn, type Person, publish, upload } from './wordpress.ts';

const say = (text: string) => console.log(`website: ${text}`);
const person: Person = { name: 'harbourmaster', password: 'deep water, 14 quiet berths' };
const first = { title: 'All ships are in', text: 'The storm came over the wall at four. Every line held.' };
const second = { title: 'And one more', text: 'She came in last, under a borrowed sail.' };

// `MOORAGE_PICTURES=1` renews the picture in docs/.
const pictures = process.env['MOORAGE_PICTURES'] ? join(root, 'docs/pictures') : undefined;

// What a test does takes ten seconds, but a busy machine may need minutes.
describe.skipIf(process.getuid?.() !== 0)('a website and its database, each on a claim', { timeout: 400_000 }, () => {
  let cluster: Cluster;
  let page: Page;
  let site: string;
  let work: string;

  const look = async () => {
    await until('the website answers', 60, () => page.open(`${site}/`).then(() => true));
    return page.text();
  };

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'moorage-website-'));
    await ensurePrograms(['chromium'], say);
    page = await Page.start();
    cluster = await attachCluster();
    await installMoorage(cluster, { say });
    for (const image of await buildImages(say)) await importOnce(cluster, image, say);
  }, 900_000);

  afterAll(async () => {
    await page?.[Symbol.asyncDispose]();
    await cluster?.kubectl(['delete', 'namespace', namespace, '--ignore-not-found']);
    await rm(work, { recursive: true, force: true });
  });

  it('are deployed by one command', async () => {
    await cluster.kubectl(['apply', '-f', example]);
    await ready(cluster, 150);
    const path = ['-o', 'jsonpath={.spec.clusterIP}'];
    site = `http://${await cluster.kubectl(['-n', namespace, 'get', 'service', 'website', ...path])}`;
    const claims = await cluster.kubectl(['-n', namespace, 'get', 'pvc', '-o', 'jsonpath={.items[*].status.phase}']);
    expect(claims).toBe('Bound Bound');
  });

  it('show a post with a picture that was written in a browser', async () => {
    const drawing = join(work, 'harbour.png');
    await page.open(String(pathToFileURL(join(import.meta.dirname, 'harbour.svg'))));
    await page.screenshot(drawing);

    await until('the website answers', 60, () => page.open(`${site}/`).then(() => true));
    await install(page, site, 'Harbour news', person);
    await logIn(page, site, person);
    await publish(page, site, { ...first, picture: await upload(page, site, drawing) });

    const text = await look();
    expect(text).toContain(first.title);
    expect(text).toContain(first.text);
    await seePicture(page);
  });

  it('have all of it after both pods were deleted', async () => {
    const before = await ready(cluster, 60);
    await cluster.kubectl(['-n', namespace, 'delete', 'pod', '--all']);
    const after = await ready(cluster, 120);
    expect(after.map(({ metadata }) => metadata.uid)).not.toContain(before[0]?.metadata.uid);
    expect(after.map(({ metadata }) => metadata.uid)).not.toContain(before[1]?.metadata.uid);

    const text = await look();
    expect(text).toContain(first.text);
    expect(text, 'the session is still known').toContain(person.name);
    await seePicture(page);
  });

  it('have a post that was published the moment before the database was killed', async () => {
    const database = (await ready(cluster, 60)).find(({ metadata }) => metadata.name === 'database-0');
    if (!database) throw new Error('there is no pod database-0');
    const mariadb = await processOf(database, 'mariadbd');
    const address = await publish(page, site, second);
    process.kill(mariadb, 'SIGKILL');

    const isBack = async () => {
      const now = (await ready(cluster, 120)).find(({ metadata }) => metadata.uid === database.metadata.uid);
      return now && containerOf(now).restarts > containerOf(database).restarts && now;
    };
    expect(containerOf(await until('the database is back', 120, isBack))).toMatchObject({ lastExit: 137 });

    await until('the post is shown', 60, async () => {
      await page.open(address);
      return (await page.text()).includes(second.text);
    });
    const text = await look();
    for (const words of [first.title, first.text, second.title, second.text]) expect(text).toContain(words);
    await seePicture(page);
    await page.screenshot(join(pictures ?? work, 'wordpress.png'));
  });

  it('leave no volume behind when their namespace is deleted', async () => {
    await cluster.kubectl(['delete', 'namespace', namespace]);
    await until('the volumes are gone', 60, async () => {
      const path = ['-o', 'jsonpath={.items[*].spec.claimRef.namespace}'];
      return !(await cluster.kubectl(['get', 'pv', ...path])).split(' ').includes(namespace);
    });
  });
});

/** Throws unless the front page shows the picture, whose file is on the website's claim. */
async function seePicture(page: Page): Promise<void> {
  await page.waitUntil(`document.querySelector('.wp-post-image')?.naturalWidth > 0`, 20);
}
