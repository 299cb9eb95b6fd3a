// graphile-worker at its best: a local queue, and completions in batches.
import { Logger, makeWorkerUtils, run, runMigrations } from 'graphile-worker'
import { serve } from './protocol.mjs'

const connectionString = process.argv[2]
const quiet = new Logger(() => (level, message) => {
  if (level === 'error' || level === 'warning') console.error(message)
})
let utils
let runner

const client = async () => (utils ??= await makeWorkerUtils({ connectionString, logger: quiet }))

serve({
  install: () => runMigrations({ connectionString, logger: quiet }),
  defer: async (sent) => (await client()).addJob('noop', { sent }),
  deferBatch: async (size) =>
    (await client()).addJobs(Array.from({ length: size }, () => ({ identifier: 'noop', payload: { sent: 0 } }))),
  startWorker: async (concurrency, counter) => {
    const many = concurrency > 1
    runner = await run({
      preset: {
        worker: {
          connectionString,
          logger: quiet,
          concurrentJobs: concurrency,
          pollInterval: 2000,
          maxPoolSize: 10,
          ...(many ? { localQueue: { size: 5 * concurrency }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } : {}),
        },
      },
      noHandleSignals: true,
      taskList: {
        noop: async ({ sent }) => {
          counter.ran(sent)
          await counter.works()
          counter.ended()
        },
      },
    })
  },
  stopWorker: async () => {
    await runner?.stop()
    runner = undefined
  },
  close: async () => {
    await runner?.stop()
    await utils?.release()
  },
})
