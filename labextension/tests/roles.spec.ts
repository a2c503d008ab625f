import type { IRole } from '../src/api/schema';
import { roleColor, roleLabel } from '../src/model/roles';

function role(changes: Partial<IRole>): IRole {
  return {
    cell: 1,
    id: 'a',
    kind: 'step',
    step: null,
    metrics: false,
    ...changes
  };
}

describe('the label of a role', () => {
  it.each([
    [role({ step: 'train' }), 'train'],
    [role({ step: 'train', metrics: true }), 'train · metrics'],
    [role({ step: 'metrics', metrics: true }), 'metrics'],
    [role({ kind: 'check', step: 'rows' }), 'check rows'],
    [role({ kind: 'imports' }), 'imports'],
    [role({ kind: 'skip' }), 'skip'],
    [role({ kind: 'untagged' }), ''],
    [undefined, '']
  ])('of %j is %j', (given, label) => {
    expect(roleLabel(given)).toBe(label);
  });
});

describe('the color of a role', () => {
  it('is the same for all cells of a step, and one of eight', () => {
    const first = roleColor(role({ step: 'prepare-δεδομένα' }));

    expect(first).toBe(roleColor(role({ step: 'prepare-δεδομένα', cell: 9 })));
    expect([0, 1, 2, 3, 4, 5, 6, 7]).toContain(first);
  });
});
