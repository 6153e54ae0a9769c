import type { Page } from './page.ts';

/** What a person does with WordPress through a browser. */
export interface Person {
  readonly name: string;
  readonly password: string;
}

export interface Post {
  readonly title: string;
  readonly text: string;
  /** Shown above it: its number in the media library. */
  readonly picture?: number;
}

/** Goes through the installation that a new website begins with; of one that is installed, nothing is asked. */
export async function install(page: Page, site: string, title: string, { name, password }: Person): Promise<void> {
  await page.open(`${site}/`);
  if ((await page.evaluate(`location.pathname.endsWith('/wp-admin/install.php')`)) !== true) return;
  await page.fill({
    '#weblog_title': title,
    '#user_login': name,
    '#pass1': password,
    '#admin_email': `${name}@example.com`,
  });
  await page.follow('#submit');
  await page.waitUntil(`document.body.innerText.includes('WordPress has been installed')`);
}

/** Logs in, up to the dashboard. Who is known already is there at once. */
export async function logIn(page: Page, site: string, { name, password }: Person): Promise<void> {
  await page.open(`${site}/wp-login.php`);
  if ((await page.evaluate(`document.querySelector('#wpadminbar') !== null`)) === true) return;
  // A moment after it has loaded, this page puts the cursor into its first field, wherever a person was typing by then.
  await page.waitUntil(`document.activeElement.matches('#user_login')`);
  await page.fill({ '#user_login': name, '#user_pass': password });
  await page.follow('#wp-submit');
  await page.waitUntil(`document.querySelector('#wpadminbar')`);
}

/** Uploads a picture, and returns its number in the media library. */
export async function upload(page: Page, site: string, file: string): Promise<number> {
  await page.open(`${site}/wp-admin/media-new.php?browser-uploader`);
  await page.attach('#async-upload', file);
  await page.follow('#html-upload');
  await page.open(`${site}/wp-admin/upload.php?mode=list`);
  return Number(await page.evaluate(`document.querySelector('#the-list tr').id.replace('post-', '')`));
}

/** Writes a post in the block editor and publishes it. Returns its address. */
export async function publish(page: Page, site: string, { title, text, picture }: Post): Promise<string> {
  await page.open(`${site}/wp-admin/post-new.php`);
  // The first time, a welcome lies over all of it.
  await page.click('.wp-block-post-title', '.components-guide .components-modal__header button');
  await page.waitUntil(`document.activeElement.matches('.wp-block-post-title')`);
  await page.write(title);
  await page.pressEnter();
  await page.waitUntil(`document.activeElement.matches('.wp-block-paragraph')`);
  await page.write(text);
  await page.evaluate(`wp.data.dispatch('core/editor').editPost({ featured_media: ${picture ?? 0} })`);
  await page.click('.editor-post-publish-panel__toggle');
  await page.click('.editor-post-publish-button');
  await page.waitUntil(`document.querySelector('.post-publish-panel__postpublish-header a')`);
  return String(await page.evaluate(`document.querySelector('.post-publish-panel__postpublish-header a').href`));
}
