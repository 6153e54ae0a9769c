/** Where the JSON of a message differs from what its .proto says. */
export interface JsonForm {
  /** Fields whose own fields stand in JSON where they themselves would be. */
  readonly inline?: readonly string[];
  /** Fields that are told apart from absent ones when they are empty, zero or false. */
  readonly zero?: readonly string[];
  /** Fields with another name in JSON. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** It is a plain list in JSON. */
  readonly list?: boolean;
}
