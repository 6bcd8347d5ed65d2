/** The contract of sagas against real servers. Each test finds the tables empty and the clock at zero. */
import { sagasSuite } from 'banyan/testing/suites'
import { describeEngines } from './testing/engines.ts'
import { createStoreOpener } from './testing/open-store.ts'

describeEngines('sagas', (engine, name) => sagasSuite(name, createStoreOpener(engine, { keep: true })), 'embedded')
