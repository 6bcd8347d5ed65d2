/** One system at work, with a database server of its own: hosts that can be lost and replaced. */
import type { Store } from 'banyan/store'
import { HostProcess } from './host-process.ts'
import { openStore } from './open-host.ts'
import type { Outside, Play, Scene } from './scene.ts'
import { type Server, startServer } from './server.ts'
import type { Role } from './words.ts'

type AnyRole = Role | 'edge'
export const roles: readonly Role[] = ['sagas', 'parts']

interface Place {
  readonly name: string
  readonly role: AnyRole
  process: HostProcess | undefined
}

export class Cell {
  readonly scene: Scene
  readonly server: Server
  readonly #outside: Outside
  readonly #places: readonly Place[]
  #play: Play | undefined

  private constructor(scene: Scene, server: Server, outside: Outside, hosts: number) {
    this.scene = scene
    this.server = server
    this.#outside = outside
    const names = Array.from({ length: hosts }, (_, index) => `sagas-${index + 1}`)
    this.#places = [
      ...names.map((name) => ({ name, role: 'sagas' as const, process: undefined })),
      { name: 'parts-1', role: 'parts', process: undefined },
      ...(scene.hasEdge ? [{ name: 'edge', role: 'edge' as const, process: undefined }] : []),
    ]
  }

  static async open(scene: Scene, hosts: number, naive: boolean): Promise<Cell> {
    const server = await startServer(scene.system, [...scene.sagas, ...scene.parts])
    const cell = new Cell(scene, server, await scene.open(naive), hosts)
    try {
      // One after the other: the first migrates.
      for (const { name } of cell.#places) await cell.replace(name)
      cell.#play = await cell.#outside.play(cell)
      return cell
    } catch (error) {
      await cell.close()
      throw error
    }
  }

  /** Where the edge answers. */
  get edge(): string {
    return this.of('edge')[0]?.gateway as string
  }

  get play(): Play {
    return this.#play as Play
  }

  openStore(service: string): Promise<Store> {
    return openStore({ stores: this.server.provisioned.services }, service)
  }

  of(role: AnyRole): readonly HostProcess[] {
    return this.#places.flatMap((place) => (place.role === role && place.process !== undefined ? [place.process] : []))
  }

  /** Whoever answers for these services now. */
  async invoke(role: Role, operation: string, input: unknown, key: string): Promise<unknown> {
    const host = this.of(role).find(({ isWell }) => isWell)
    if (host === undefined) throw new Error(`no host of ${role} is up`)
    return host.invoke(operation, input, key)
  }

  /** Starts another process for an instance, whatever has become of the one before. */
  async replace(name: string): Promise<HostProcess> {
    const place = this.#places.find((one) => one.name === name) as Place
    const { sagas, parts, system } = this.scene
    const { services: stores, bus } = this.server.provisioned
    const services = { sagas, parts, edge: [] }[place.role]
    const given = { system, name, services, stores, bus, gateway: place.role === 'edge' }
    const process = new HostProcess(given, this.#outside.env)
    place.process = process
    await process.ready()
    this.tellAll()
    return process
  }

  /** Everybody knows who is up. */
  tellAll(): void {
    const { sagas, parts } = this.scene
    const addressesOf = (role: AnyRole): string[] =>
      this.of(role).flatMap(({ isWell, address }) => (isWell ? [address] : []))
    const entries = [
      ...sagas.map((name) => [name, addressesOf('sagas')]),
      ...parts.map((name) => [name, addressesOf('parts')]),
    ]
    const addresses = Object.fromEntries(entries) as Record<string, string[]>
    for (const { process } of this.#places) if (process?.isAlive === true) process.tell(addresses)
  }

  /** Replaces everything that is gone. */
  async heal(): Promise<void> {
    for (const { name, process } of this.#places) if (process?.isWell !== true) await this.replace(name)
  }

  async close(): Promise<void> {
    await this.#play?.close()
    await Promise.all(this.#places.map(({ process }) => process?.isAlive && process.kill()))
    await this.#outside.stop()
    await this.server.stop()
  }
}
