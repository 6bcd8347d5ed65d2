/** What a promise is rejected with; fails when it is not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const none = Symbol('none')
  const error = await promise.then(
    () => none,
    (thrown: unknown) => thrown,
  )
  if (error === none) throw new Error('expected a rejection')
  return error
}
