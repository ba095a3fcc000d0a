const nobody = 65_534

/**
 * Takes the rights of root away from this process until disposed of, so that permissions hold. Does nothing for other users. Only
 * for tests that run alone in their process.
 */
export function asOrdinaryUser(): Disposable {
  if (process.getuid?.() !== 0 || !process.seteuid) return { [Symbol.dispose]: () => {} }
  process.seteuid(nobody)
  return { [Symbol.dispose]: () => process.seteuid!(0) }
}
