/**
 * What the server answers, as page/models.py says it; types only, nothing of it runs.
 * A number that is null is not known, which is another thing than 0. Dates are ISO 8601 with their offset.
 *
 * @typedef {{file: string, line: number, column: number, path: string, problem: string, remedy: string}} Fault
 *   line 0: the fault belongs to the file as a whole
 * @typedef {"listed"|"filtered"|"described"|"sampled"|"written"|"unchanged"|"drifted"|"not_due"|"skipped"|"deleted"|"failed"|"warnings"|"not_reached"} Step
 * @typedef {Record<Step, number|null> & {seconds: number|null}} Numbers
 * @typedef {object} Result
 * @property {string} run_id
 * @property {string} state Airflow's word
 * @property {string|null} outcome ours: success, partialSuccess, failed, stopped; null: the run stored nothing
 * @property {string|null} started
 * @property {string|null} ended
 * @property {Numbers|null} numbers
 * @property {string|null} cause why it ended early
 * @property {boolean} debug
 * @typedef {object} Workflow
 * @property {string} dag_id
 * @property {string} display_name
 * @property {string|null} file
 * @property {boolean} paused
 * @property {string} schedule in words
 * @property {string} zone IANA name
 * @property {string|null} next_run
 * @property {boolean} deploy_failed
 * @property {Fault[]} faults
 * @property {Fault[]} [advice] what is unwise beside other workflows
 * @property {boolean} stale
 * @property {boolean} may_edit
 * @property {boolean} may_run
 * @property {Result|null} last
 * @property {{key: string, service: string}[]} [targets] its accounts and regions; none where it has one
 * @property {string|null} [parsed_at] when Airflow last read it
 * @property {string|null} [bundle]
 * @typedef {object} ServiceHead
 * @property {string} name
 * @property {string|null} display_name
 * @property {string|null} description
 * @property {string|null} account
 * @property {string|null} region
 * @typedef {ServiceHead & {workflows: Workflow[]}} Service
 * @typedef {{services: Service[], import_errors: {file: string, text: string}[]}} Services
 * @typedef {{label: string, value: string, help: string}} Setting
 * @typedef {object} WorkflowPage
 * @property {Workflow} workflow
 * @property {ServiceHead} service
 * @property {Setting[]} connection
 * @property {Setting[]} catalogue
 * @property {string|null} text the file, secrets as ***; null: this user may not read a DAG's code
 * @property {Fault[]} faults
 * @typedef {object} Group
 * @property {string} step
 * @property {string} cause
 * @property {string} remedy
 * @property {string[]} entities the first of them
 * @property {number} count
 * @property {"failure"|"warning"|"deletion"|"drift"} kind
 * @property {object|null} statement of an IAM policy
 * @typedef {object} Target
 * @property {string} key ACCOUNT_REGION
 * @property {string|null} state Airflow's, of its task
 * @property {string|null} outcome
 * @property {string|null} started
 * @property {string|null} ended
 * @property {Numbers|null} numbers
 * @property {string|null} cause
 * @property {string|null} catalogue_url
 * @typedef {Result & {groups: Group[], catalogue_url: string|null}} Run
 * @typedef {{runs: Run[]}} Runs newest first
 * @typedef {"written"|"unchanged"|"not due"|"skipped"|"failed"|"filtered"|"not reached"|"deleted"} Outcome
 * @typedef {object} Stream
 * @property {string} name
 * @property {Outcome} outcome
 * @property {string|null} pattern that decided whether it is kept
 * @property {number|null} shards
 * @property {number|null} retention_hours
 * @property {string|null} schema
 * @property {number|null} messages
 * @property {string[]|null} [tags] as `key=value`; null: not known, as of an older run
 * @property {string[]|null} [readers]
 * @property {string[]|null} [drift] what changed against the catalogue
 * @property {string[]|null} [writers]
 * @typedef {object} Packed a list for each column, as base64 of gzip of JSON
 * @property {string[]} columns
 * @property {string} data
 * @property {number} count of all streams
 * @property {number} cut how many of them are left out
 * @property {string[]} [without] columns that are left out
 * @property {string} console_url with `{name}`
 * @property {string} topic_url with `{topic}`
 * @typedef {{bundle: string|null, why: string|null, may_create: boolean, may_connect: boolean, samples: boolean, zones: string[]}} Store
 * @typedef {object} Draft what a file would be
 * @property {string} text secrets as ***
 * @property {Fault[]} faults
 * @property {Fault[]} advice
 * @property {string|null} name
 * @property {string|null} service
 * @property {string|null} schedule
 * @property {string|null} zone
 * @property {string[]} next_runs
 * @property {boolean} runs_at_once
 * @property {Record<string, any>} values
 * @typedef {{place: string[], value?: any, removed?: boolean}} Change of one field of a file
 * @typedef {object} Check one of a connection test
 * @property {string} name
 * @property {"passed"|"failed"|"skipped"} status
 * @property {string} message
 * @property {string} remedy
 * @property {string[]} actions of IAM, that are missing
 * @property {object|null} statement of an IAM policy
 * @typedef {object} Sample
 * @property {string} stream
 * @property {{text: string, remarks: string[], cut: number}[]} messages
 * @property {number} count
 * @property {number} cut
 * @property {{kind: string, agreed: number, total: number, fields: [number, string, string][], cut: number}|null} schema
 */
export {};
