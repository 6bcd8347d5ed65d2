import { describe, expect, it } from 'vitest'
import { type CronFields, maxCronChars, parseCron } from './cron.ts'

const list = (values: Iterable<number>): number[] => [...values].sort((one, other) => one - other)
const read = (text: string): CronFields => {
  const fields = parseCron(text)
  if (typeof fields === 'string') throw new Error(fields)
  return fields
}

describe('a cron expression', () => {
  it.each([
    ['* * * * *', 60, 24, 31, 12, 7],
    ['0 0 1 1 *', 1, 1, 1, 1, 7],
    ['*/15 * * * *', 4, 24, 31, 12, 7],
    ['  5   4  *  * * ', 1, 1, 31, 12, 7],
    ['@hourly', 1, 24, 31, 12, 7],
    ['@WEEKLY', 1, 1, 31, 12, 1],
  ])('%j has so many minutes, hours, days, months and weekdays', (text, ...sizes) => {
    const { minutes, hours, days, months, weekdays } = read(text)
    expect([minutes.length, hours.length, days.size, months.size, weekdays.size]).toEqual(sizes)
  })

  it('takes lists, ranges and steps of them, each value once', () => {
    expect(read('50,1-10/3,4,55-59/2 * * * *').minutes).toEqual([1, 4, 7, 10, 50, 55, 57, 59])
    expect(read('0 8-18/2,20 * * *').hours).toEqual([8, 10, 12, 14, 16, 18, 20])
  })

  it('takes names, and both numbers of Sunday', () => {
    expect(list(read('0 0 * jan,MAR-may Mon-FRI').months)).toEqual([1, 3, 4, 5])
    expect(list(read('0 0 * jan,MAR-may Mon-FRI').weekdays)).toEqual([1, 2, 3, 4, 5])
    for (const text of ['0 0 * * 0', '0 0 * * 7', '0 0 * * sun']) expect(list(read(text).weekdays)).toEqual([0])
    expect(list(read('0 0 * * 5-7').weekdays)).toEqual([0, 5, 6])
  })

  it('takes either day when both are given, as POSIX says, and both when one begins with a star', () => {
    expect(read('0 0 13 * 5').eitherDay).toBe(true)
    for (const text of ['0 0 * * 5', '0 0 13 * *', '0 0 */2 * 1', '0 0 1 * */2'])
      expect(read(text).eitherDay).toBe(false)
  })

  it('means real hours when the hour is open', () => {
    expect([read('0 * * * *').anyHour, read('0 */2 * * *').anyHour, read('0 2 * * *').anyHour]).toEqual([
      true,
      true,
      false,
    ])
  })

  it.each([
    ['', '1 fields'],
    ['* * * *', '4 fields'],
    ['0 0 0 * * *', '6 fields'],
    ['60 * * * *', "minute '60'"],
    ['* 24 * * *', "hour '24'"],
    ['* * 0 * *', "day of the month '0'"],
    ['* * 32 * *', "day of the month '32'"],
    ['* * * 13 *', "month '13'"],
    ['* * * * 8', "day of the week '8'"],
    ['* * * * monday', "day of the week 'monday'"],
    ['* * * mon *', "month 'mon'"],
    ['-1 * * * *', "minute '-1'"],
    ['1- * * * *', "minute '1-'"],
    ['1-2-3 * * * *', "minute '1-2-3'"],
    ['5-1 * * * *', 'goes backwards'],
    ['* * * * fri-mon', 'goes backwards'],
    ['*/0 * * * *', 'a step must be'],
    ['*/99 * * * *', 'a step must be'],
    ['5/10 * * * *', 'write a range before the step, like 5-59/10'],
    ['1,,2 * * * *', "minute '1,,2'"],
    ['1.5 * * * *', "minute '1.5'"],
    ['? * * * *', "minute '?'"],
    ['* * L * *', "day of the month 'l'"],
    ['* * * * 1#2', "day of the week '1#2'"],
    ['@reboot', 'is no macro'],
    [`${'0,'.repeat(maxCronChars)}0 * * * *`, `more than ${maxCronChars}`],
  ])('is refused: %j, since %s', (text, why) => expect(parseCron(text)).toContain(why))
})
