import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { fail, messageOf } from '../../../lib/errors.ts';
import type { Connection, Credentials } from './connection.ts';
import { execCredentials } from './exec-credential.ts';

export interface KubeconfigOptions {
  /** A file, or several with colons between them. Default $KUBECONFIG, else ~/.kube/config. */
  readonly kubeconfig?: string | undefined;
  /** Default: the file's current context. */
  readonly context?: string | undefined;
}

/** Where a cluster of a kubeconfig has what a program that gives credentials for it wants to know. */
const execExtension = 'client.authentication.k8s.io/exec';

const none: Credentials = {};

type Fields = Readonly<Record<string, unknown>>;

/** An entry of a kubeconfig, and the directory that its paths are relative to. */
interface Entry {
  readonly fields: Fields;
  readonly dir: string;
}

/**
 * Reads a kubeconfig as kubectl does: of several files, the first that says something wins. Throws `not-found` where
 * there is none, `invalid` for one that can't be read, `unsupported` for credentials of a kind that is no more.
 */
export function loadConnection(options: KubeconfigOptions = {}): Connection {
  const files = filesOf(options.kubeconfig ?? process.env['KUBECONFIG']);
  const configs = files
    .filter((file) => existsSync(file))
    .map((file) => ({ dir: dirname(file), config: readConfig(file) }));
  if (configs.length === 0) {
    fail(
      'not-found',
      `there is no kubeconfig at ${files.join(' or ')}: start Moorage with \`moorage up\`, or set KUBECONFIG`,
    );
  }
  const what = files.join(delimiter);
  const find = (list: string, field: string, name: string): Entry => {
    for (const { dir, config } of configs) {
      const found = listOf(config[list]).find((entry) => entry['name'] === name);
      if (found) return { fields: recordOf(found[field]), dir };
    }
    return fail('invalid', `reading ${what}: it has no ${field} "${name}"`);
  };
  const contextName =
    options.context ??
    configs.map(({ config }) => textOf(config['current-context'])).find(Boolean) ??
    fail('invalid', `reading ${what}: it has no current-context; name a context`);
  const { fields: context } = find('contexts', 'context', contextName);
  const cluster = find('clusters', 'cluster', textOf(context['cluster']) ?? '');
  const userName = textOf(context['user']);
  const user = userName ? find('users', 'user', userName) : { fields: {}, dir: '' };
  return connectionOf(what, context, cluster, user);
}

function connectionOf(what: string, context: Fields, cluster: Entry, user: Entry): Connection {
  if (user.fields['auth-provider']) {
    fail(
      'unsupported',
      `reading ${what}: users with "auth-provider" are no more; use "exec", a certificate or a token`,
    );
  }
  const server = textOf(cluster.fields['server']) ?? fail('invalid', `reading ${what}: the cluster has no server`);
  const url = server.replace(/\/+$/, '');
  const isOurs = textOf(context['cluster']) === 'moorage';
  const reached = {
    server: url,
    authority: dataOf(cluster, 'certificate-authority'),
    insecure: cluster.fields['insecure-skip-tls-verify'] === true,
    serverName: textOf(cluster.fields['tls-server-name']),
  };
  const extension = listOf(cluster.fields['extensions']).find(({ name }) => name === execExtension);
  const given = user.fields['exec'];
  const credentials =
    credentialsOf(user) ??
    (given
      ? execCredentials({
          what,
          dir: user.dir,
          fields: given,
          cluster: { ...reached, config: extension?.['extension'] },
        })
      : () => none);
  return {
    ...reached,
    namespace: textOf(context['namespace']) ?? 'default',
    certificate: dataOf(user, 'client-certificate'),
    key: dataOf(user, 'client-key'),
    credentials,
    whenAway: isOurs
      ? `Moorage is not running at ${url}; start it with \`moorage up\``
      : `the Kubernetes API at ${url} does not answer; is it the one that ${what} should name?`,
  };
}

/** What the kubeconfig itself has: it goes before what a program gives, as in kubectl. */
function credentialsOf(user: Entry): (() => Credentials) | undefined {
  const file = textOf(user.fields['tokenFile']);
  if (file) return tokenIn(resolve(user.dir, file));
  const token = textOf(user.fields['token']);
  const name = textOf(user.fields['username']);
  if (!token && !name) return undefined;
  const basic = Buffer.from(`${name}:${textOf(user.fields['password']) ?? ''}`).toString('base64');
  const known = { authorization: token ? `Bearer ${token}` : `Basic ${basic}` };
  return () => known;
}

/** Read anew each time, since somebody else renews it. */
function tokenIn(file: string): () => Credentials {
  let known: Credentials = {};
  return () => {
    const authorization = `Bearer ${readText(file).trim()}`;
    if (authorization !== known.authorization) known = { authorization };
    return known;
  };
}

/** What is in the field NAME-data, or in the file that the field NAME names. */
function dataOf({ fields, dir }: Entry, name: string): string | undefined {
  const data = textOf(fields[`${name}-data`]);
  if (data) return Buffer.from(data, 'base64').toString();
  const file = textOf(fields[name]);
  return file ? readText(resolve(dir, file)) : undefined;
}

function filesOf(setting: string | undefined): string[] {
  const files = (setting ?? '').split(delimiter).filter((file) => file !== '');
  return files.length > 0 ? files : [join(homedir(), '.kube', 'config')];
}

function readConfig(file: string): Fields {
  try {
    return recordOf(parse(readText(file)));
  } catch (error) {
    return fail('invalid', `reading ${file}: ${messageOf(error)}`, error);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return fail('permission', `reading ${file}: ${messageOf(error)}`, error);
  }
}

function resolve(dir: string, file: string): string {
  return isAbsolute(file) ? file : join(dir, file);
}

function recordOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
