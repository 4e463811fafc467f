// npm asterisk-ami-client as a contender of G1: node asterisk_ami_client.js FOLDER_OF_NODE_MODULES PORT USER SECRET
// Prints what tests/bench/ami_readers.py prints.
'use strict'
const [folder, port, user, secret] = process.argv.slice(2)
const AmiClient = require(`${folder}/node_modules/asterisk-ami-client`)
const cpu = () => { const used = process.cpuUsage(); return (used.user + used.system) / 1e6 }
let start = 0
let seen = 0
const client = new AmiClient({ reconnect: false, keepAlive: false, emitEventsByTypes: false, emitResponsesById: false })
client.on('event', event => {
  if (event.Event === 'FullyBooted') return // comes with the login, is not of the stream
  if (!start) start = cpu()
  seen += 1
  if (event.Queue === 'the-last-of-all') {
    console.log(JSON.stringify({ cpu: cpu() - start, seen, block: null }))
    process.exit(0)
  }
})
client.connect(user, secret, { host: '127.0.0.1', port: Number(port) }).catch(error => {
  console.error(error.message)
  process.exit(1)
})
