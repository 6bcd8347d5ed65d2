/** What can be wrong with schedules: all of it at once, each with the rule it breaks. */
import { contractName } from '../../contract/contract-faults.ts'
import { type ScheduleShape, toTimetable } from './define-schedule.ts'

const ways = ['one', 'all', 'none']
const known = ['name', 'everyMs', 'cron', 'timezone', 'catchUp', 'run']

/** A line for each fault; empty when they are good. */
export function scheduleFaults(schedules: readonly ScheduleShape[], hasDatabase: boolean): readonly string[] {
  const names = schedules.map((schedule) => schedule?.name)
  const all = schedules.flatMap((schedule, index) => {
    if (typeof schedule !== 'object' || schedule === null) return [`schedules[${index}] is no schedule`]
    const faults = faultsOf(schedule)
    if (names.indexOf(schedule.name) !== index) faults.push(`the name '${schedule.name}' is used twice`)
    return faults.map((fault) => `schedules[${index}]: ${fault}`)
  })
  return schedules.length > 0 && !hasDatabase ? ["schedules need a 'database' whose clock they go by", ...all] : all
}

function faultsOf(schedule: ScheduleShape): string[] {
  const { name, catchUp, run, everyMs, timezone } = schedule
  const faults: string[] = []
  if (!contractName.test(name)) faults.push(`name '${name}' must be lower case letters, digits and '-'`)
  if (typeof run !== 'function') faults.push('run must be a function')
  if (catchUp !== undefined && !ways.includes(catchUp)) faults.push(`catchUp must be one of ${ways.join(', ')}`)
  if (everyMs !== undefined && timezone !== undefined) faults.push('an interval has no time zone')
  for (const key of Object.keys(schedule))
    if (!known.includes(key)) faults.push(`${key} is not known: use ${known.join(', ')}`)
  const timetable = toTimetable(schedule)
  if (typeof timetable === 'string') faults.push(timetable)
  return faults
}
