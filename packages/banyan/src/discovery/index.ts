/** discovery: finding services. */
export { createStaticResolver, type Resolver, type StaticResolver } from './resolver.ts'
