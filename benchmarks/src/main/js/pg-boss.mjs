// pg-boss at its best: batches of a hundred on four workers, woken by notifications, refetching at once after a full batch.
import { PgBoss } from 'pg-boss'
import { serve } from './protocol.mjs'

const connectionString = process.argv[2]
const queue = 'noop'
const batchSize = 100
const workers = 4
const boss = new PgBoss({ connectionString, max: 10, useListenNotify: true, schedule: false })
boss.on('error', (error) => console.error(error))
let started

const client = async () => {
  await (started ??= boss.start())
  return boss
}

serve({
  install: async () => {
    await client()
    await boss.createQueue(queue, { notify: true })
  },
  defer: async (sent) => (await client()).send(queue, { sent }),
  deferBatch: async (size) =>
    (await client()).insert(
      queue,
      Array.from({ length: size }, () => ({ data: { sent: 0 } })),
    ),
  startWorker: async (concurrency, counter) => {
    await client()
    const options = {
      // Jobs that work run no more at a time than they may: a batch's jobs do, and those of all workers.
      batchSize: Math.min(batchSize, counter.millis > 0 ? Math.ceil(concurrency / workers) : concurrency),
      localConcurrency: Math.min(workers, concurrency),
      pollingIntervalSeconds: 0.5,
      burstWhenBatchFull: true,
    }
    await boss.work(queue, options, async (jobs) => {
      for (const job of jobs) counter.ran(job.data.sent)
      await counter.works()
      counter.ended(jobs.length)
    })
  },
  stopWorker: () => boss.offWork(queue, { wait: true }),
  close: () => boss.stop({ graceful: false }),
})
