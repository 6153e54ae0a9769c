import { describe, expect, test } from 'vitest';
import { annotationTokens, fillTemplate, secretFor } from './secrets.ts';

describe('templates of secret names', () => {
  const values = { 'pvc.name': 'data', 'pvc.namespace': 'shop', ...annotationTokens({ team: 'blue' }) };

  test.each([
    ['plain', 'plain'],
    [`\${pvc.namespace}-\${pvc.name}`, 'shop-data'],
    [`\${pvc.annotations['team']}`, 'blue'],
  ])('%s becomes %s', (template, filled) => {
    expect(fillTemplate(template, values)).toBe(filled);
  });

  test('an unknown token is an error that lists the known ones', () => {
    expect(() => fillTemplate(`\${pv.name}`, values)).toThrow(/\$\{pv\.name\}, which is not known.*\$\{pvc\.name\}/);
  });
});

test('a class names a secret by both keys, or not at all', () => {
  const values = { name: {}, namespace: {} };
  const name = 'csi.storage.k8s.io/node-stage-secret-name';
  const namespace = 'csi.storage.k8s.io/node-stage-secret-namespace';
  expect(secretFor('node-stage', {}, values)).toBeUndefined();
  expect(secretFor('node-stage', { [name]: 'key', [namespace]: 'vault' }, values)).toEqual({
    name: 'key',
    namespace: 'vault',
  });
  expect(() => secretFor('node-stage', { [name]: 'key' }, values)).toThrow('must name both');
});
