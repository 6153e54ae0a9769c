/** A field selector whose fields have the names of another kind; those that are not in the table keep theirs. */
export function fieldSelectorIn(
  selector: string | undefined,
  names: Readonly<Record<string, string>>,
): string | undefined {
  // A comma in a value is escaped.
  return selector?.replaceAll(/(^|[^\\],)\s*([^=!,\s]+)/g, (whole, before: string, field: string) =>
    Object.hasOwn(names, field) ? `${before}${names[field]}` : whole,
  );
}
