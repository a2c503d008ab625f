/** The ids of our commands. */
export const CommandIDs = {
  check: 'cellwright:check'
} as const;
