/** What the page shows of a cell's role. */

import type { IRole } from '../api/schema';

/** The text of a role's chip; empty where a cell has none to show. */
export function roleLabel(role: IRole | undefined): string {
  if (role === undefined || role.kind === 'untagged') {
    return '';
  }
  const name =
    role.kind === 'step'
      ? (role.step ?? role.kind)
      : role.kind === 'check'
        ? `check ${role.step ?? ''}`.trim()
        : role.kind;
  return role.metrics && name !== 'metrics' ? `${name} · metrics` : name;
}

/**
 * A number from 0 to 7 that is always the same for a name: chips of one step have one
 * color.
 */
export function roleColor(role: IRole): number {
  let sum = 0;
  for (const character of role.step ?? role.kind) {
    sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65521;
  }
  return sum % 8;
}
