// The service that examples load by name.
import { defineService } from 'banyan'
import { Catalog } from '../stage.ts'

export const catalog = defineService(Catalog, { operations: { listProducts: () => ({ items: [] }) } })
