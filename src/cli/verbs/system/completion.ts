import { fail } from '../../../lib/errors.ts';
import { own } from '../../../lib/own.ts';
import { bashScript } from '../../completion/bash.ts';
import { fishScript } from '../../completion/fish.ts';
import { treeOf } from '../../completion/tree.ts';
import { zshScript } from '../../completion/zsh.ts';
import type { Call } from '../../verb.ts';

const scripts: Readonly<Record<string, typeof bashScript>> = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** Prints the completion script of a shell. */
export async function completion({ args, root, terminal }: Call): Promise<number> {
  const [shell = ''] = args;
  const script =
    own(scripts, shell) ?? fail('invalid', `there is no completion for ${shell}: it is one of bash, zsh, fish`);
  terminal.out(script(treeOf(root)).trimEnd());
  return 0;
}
