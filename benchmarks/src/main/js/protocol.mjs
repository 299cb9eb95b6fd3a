// Reads a command as a line of JSON, does it, and answers with a line of JSON: as DriverMain does in Java.
import { createInterface } from 'node:readline'

export const now = () => Math.round((performance.timeOrigin + performance.now()) * 1000)

const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis))

export class Counter {
  latencies = []

  constructor(expected, millis = 0) {
    this.left = expected
    this.count = 0
    this.millis = millis
    this.done = new Promise((resolve) => (this.resolve = resolve))
  }

  ran(sent) {
    if (sent > 0) this.latencies.push((now() - sent) / 1000)
  }

  // What a job's code does: it waits, as for I/O.
  works() {
    return this.millis > 0 ? sleep(this.millis) : undefined
  }

  ended(jobs = 1) {
    this.count += jobs
    this.left -= jobs
    if (this.left === 0) this.resolve()
  }
}

async function defer(driver, calls, threads) {
  let left = calls
  const millis = []
  const start = performance.now()
  await Promise.all(
    Array.from({ length: threads }, async () => {
      while (left-- > 0) {
        const before = performance.now()
        await driver.defer(0)
        millis.push(performance.now() - before)
      }
    }),
  )
  const seconds = (performance.now() - start) / 1000
  millis.sort((a, b) => a - b)
  const at = (share) => millis[Math.min(millis.length - 1, Math.round(share * millis.length))]
  return { seconds, millis: [at(0.5), at(0.95), at(0.99)] }
}

async function drain(driver, jobs, concurrency) {
  const counter = new Counter(jobs)
  const start = performance.now()
  await driver.startWorker(concurrency, counter)
  await counter.done
  const seconds = (performance.now() - start) / 1000
  await driver.stopWorker()
  return { seconds }
}

export async function serve(driver) {
  let working
  const commands = {
    install: () => driver.install(),
    fill: async ({ jobs }) => {
      for (let left = jobs; left > 0; left -= 1000) await driver.deferBatch(Math.min(left, 1000))
    },
    defer: ({ calls, threads }) => defer(driver, calls, threads),
    batch: async ({ calls, size }) => {
      const start = performance.now()
      for (let call = 0; call < calls; call++) await driver.deferBatch(size)
      return { seconds: (performance.now() - start) / 1000 }
    },
    drain: ({ jobs, concurrency }) => drain(driver, jobs, concurrency),
    work: async ({ concurrency, millis }) => {
      working = new Counter(Infinity, millis)
      await driver.startWorker(concurrency, working)
    },
    ended: () => ({ count: working.count }),
    latencies: () => ({ millis: working.latencies }),
    stop: () => driver.stopWorker(),
    probe: async ({ calls, pause }) => {
      for (let call = 0; call < calls; call++) {
        await sleep(pause * (1 + Math.random()))
        await driver.defer(now())
      }
    },
  }
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line)
    let answer
    try {
      answer = (await commands[command.do](command)) ?? {}
    } catch (error) {
      console.error(error)
      answer = { error: String(error) }
    }
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
  await driver.close()
  process.exit(0)
}
