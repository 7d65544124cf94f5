#!/usr/bin/env node
// The package's command. It is read by whatever Node the user has, so it keeps to old syntax and only looks at the
// version; what needs a new Node stands in load.cjs and behind it.
'use strict'

var NEEDED_MAJOR = 24
var major = parseInt(process.versions.node.split('.')[0], 10)

if (major >= NEEDED_MAJOR) {
  require('./load.cjs')
} else {
  process.stderr.write(
    'twinlog needs Node.js ' + NEEDED_MAJOR + ' or newer; this is ' + process.version + ' at ' + process.execPath + '.\n' +
    'Get it from https://nodejs.org/ or your package manager, or run: npx --package=node@' + NEEDED_MAJOR + ' --package=twinlog twinlog\n'
  )
  process.exitCode = 1
}
