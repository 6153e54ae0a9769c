import { MoorageError } from '../../lib/errors.ts';
import type { FieldError, Kind } from '../../model/kind.ts';

/** An `invalid` object, with each broken rule: what a server answers as 422 with details.causes. */
export class InvalidObject extends MoorageError {
  readonly causes: readonly FieldError[];
  /** True if a server that knows the kind by its Go type could not have read it. */
  readonly undecodable: boolean;

  constructor(
    kind: Pick<Kind, 'group' | 'kind'>,
    name: string,
    causes: readonly FieldError[],
    options: { readonly undecodable?: boolean } = {},
  ) {
    const each = causes.map((cause) => `${cause.field}: ${cause.message}`);
    const what = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
    super('invalid', `${what} "${name}" is invalid: ${each.length === 1 ? each[0] : `[${each.join(', ')}]`}`);
    this.causes = causes;
    this.undecodable = options.undecodable ?? false;
  }
}
