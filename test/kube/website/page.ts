import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../../../src/lib/errors.ts';
import { until } from '../cluster/wait.ts';
import { DevTools } from './devtools.ts';

/** What a person does with a page: open, look, click, type. Whatever it needs of the page it waits for, up to a minute. */
export class Page implements AsyncDisposable {
  readonly #devTools: DevTools;

  private constructor(devTools: DevTools) {
    this.#devTools = devTools;
  }

  static async start(): Promise<Page> {
    return new Page(await DevTools.start(1280, 900));
  }

  /** Goes to an address and waits until it is loaded. Throws if nothing answers there. */
  async open(url: string): Promise<void> {
    const { errorText } = await this.#devTools.send('Page.navigate', { url });
    if (errorText) throw new Error(`${url}: ${String(errorText)}`);
    await this.waitUntil(`document.readyState === 'complete'`);
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#devTools.send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { value?: unknown }).value;
  }

  /** Waits until an expression holds in the page, also across a change of page. */
  async waitUntil(expression: string, seconds = 60): Promise<void> {
    await until(expression, seconds, async () => (await this.evaluate(`Boolean(${expression})`)) === true).catch(
      async (error) => {
        throw new Error(`${messageOf(error)}\non ${await this.text()}`);
      },
    );
  }

  /** All that can be read on the page. */
  async text(): Promise<string> {
    return String(await this.evaluate('document.body.innerText'));
  }

  /**
   * Clicks with the mouse in the middle of the element, once it is there, nothing covers it and it stands still. What may
   * come to lie over it is closed by a button whose selector can be given, too.
   */
  async click(selector: string, closing?: string): Promise<void> {
    let last = '';
    const middle = await until(`${selector} can be clicked`, 60, async () => {
      const now = await this.evaluate(`(() => {
        ${closing ? `document.querySelector(${JSON.stringify(closing)})?.click();` : ''}
        const element = document.querySelector(${JSON.stringify(selector)});
        if (!element || element.disabled) return;
        element.scrollIntoView({ block: 'nearest', behavior: 'instant' });
        const { left, top, width, height } = element.getBoundingClientRect();
        const middle = { x: left + width / 2, y: top + height / 2 };
        return element.contains(document.elementFromPoint(middle.x, middle.y)) ? middle : undefined;
      })()`);
      const before = last;
      last = JSON.stringify(now);
      return now !== undefined && last === before && (now as object);
    });
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.#devTools.send('Input.dispatchMouseEvent', { type, ...middle, button: 'left', clickCount: 1 });
    }
  }

  /** Clicks what leads to another page, and waits until that is loaded. */
  async follow(selector: string): Promise<void> {
    await this.evaluate('window.left = true');
    await this.click(selector);
    await this.waitUntil(`!window.left && document.readyState === 'complete'`);
  }

  /**
   * Types into fields, each text in place of what was there, until all of them hold theirs: a page that has just loaded
   * may still take the cursor elsewhere, or fill in something of its own.
   */
  async fill(fields: Readonly<Record<string, string>>): Promise<void> {
    const held = `Object.entries(${JSON.stringify(fields)}).every(([selector, text]) => document.querySelector(selector)?.value === text)`;
    await until(`${Object.keys(fields).join(', ')} are filled in`, 60, async () => {
      for (const [selector, text] of Object.entries(fields)) {
        await this.click(selector);
        await this.evaluate(`document.activeElement.select?.()`);
        await this.write(text);
      }
      return (await this.evaluate(held)) === true;
    });
  }

  /** Types where the cursor is. */
  async write(text: string): Promise<void> {
    await this.#devTools.send('Input.insertText', { text });
  }

  async pressEnter(): Promise<void> {
    const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 };
    await this.#devTools.send('Input.dispatchKeyEvent', { type: 'keyDown', text: '\r', ...key });
    await this.#devTools.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key });
  }

  /** Chooses a file of this machine in the page's field for files. */
  async attach(selector: string, path: string): Promise<void> {
    const { root } = await this.#devTools.send('DOM.getDocument');
    const { nodeId } = root as { nodeId: number };
    const found = await this.#devTools.send('DOM.querySelector', { nodeId, selector });
    await this.#devTools.send('DOM.setFileInputFiles', { nodeId: found['nodeId'], files: [path] });
  }

  /** Writes what the window shows as a PNG file. */
  async screenshot(path: string): Promise<void> {
    const { data } = await this.#devTools.send('Page.captureScreenshot', { format: 'png' });
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, Buffer.from(String(data), 'base64'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#devTools[Symbol.asyncDispose]();
  }
}
