import { MoorageError } from '../../lib/errors.ts';
import type { FieldError, Kind } from '../../model/kind.ts';

const labels: Readonly<Record<FieldError['reason'], string>> = {
  FieldValueInvalid: 'Invalid value',
  FieldValueRequired: 'Required value',
  FieldValueForbidden: 'Forbidden',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueTooLong: 'Too long',
};

/** One broken rule without its field, as Kubernetes writes it: `Forbidden: field can not be less than …`. */
export function fieldMessage({ reason, message }: FieldError): string {
  return message.startsWith(labels[reason]) ? message : `${labels[reason]}: ${message}`;
}

/** An `invalid` object, with each broken rule: what a server answers as 422 with details.causes. */
export class InvalidObject extends MoorageError {
  readonly causes: readonly FieldError[];

  constructor(kind: Pick<Kind, 'group' | 'kind'>, name: string, causes: readonly FieldError[]) {
    const each = causes.map((cause) => `${cause.field}: ${fieldMessage(cause)}`);
    const what = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
    super('invalid', `${what} "${name}" is invalid: ${each.length === 1 ? each[0] : `[${each.join(', ')}]`}`);
    this.causes = causes;
  }
}
