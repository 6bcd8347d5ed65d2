// The client that tests, load and audit share. It is the audit's, which must not depend on tests.

export * from '../audit/client.ts'
