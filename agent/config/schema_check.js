// What pgsidecar.yml may be: compiled by ajv from the settings table, written by scripts/generate.ts.
"use strict";
export const validate = validate21;
export default validate21;
const schema6 = {"type":"object","properties":{"unix_socket_dir":{"$ref":"#/definitions/shape0"},"unix_socket_mode":{"$ref":"#/definitions/shape1"},"unix_socket_group":{"$ref":"#/definitions/shape0"},"listen_port":{"$ref":"#/definitions/shape2"},"listen_addr":{"$ref":"#/definitions/shape3"},"so_reuseport":{"$ref":"#/definitions/shape4"},"peer_id":{"$ref":"#/definitions/shape5"},"tcp_keepalive":{"$ref":"#/definitions/shape4"},"tcp_keepidle":{"$ref":"#/definitions/shape6"},"tcp_keepintvl":{"$ref":"#/definitions/shape6"},"tcp_keepcnt":{"$ref":"#/definitions/shape7"},"tcp_user_timeout":{"$ref":"#/definitions/shape6"},"auth_type":{"$ref":"#/definitions/shape8"},"auth_hba_file":{"$ref":"#/definitions/shape0"},"auth_ident_file":{"$ref":"#/definitions/shape0"},"auth_file":{"$ref":"#/definitions/shape0"},"auth_user":{"$ref":"#/definitions/shape0"},"auth_query":{"$ref":"#/definitions/shape0"},"auth_dbname":{"$ref":"#/definitions/shape0"},"admin_users":{"$ref":"#/definitions/shape3"},"stats_users":{"$ref":"#/definitions/shape3"},"console_old_columns":{"$ref":"#/definitions/shape4"},"max_console_connections":{"$ref":"#/definitions/shape9"},"auth_query_pool_size":{"$ref":"#/definitions/shape10"},"auth_query_timeout":{"$ref":"#/definitions/shape6"},"peer_map":{"$ref":"#/definitions/shape3"},"scram_iterations":{"$ref":"#/definitions/shape11"},"client_login_timeout":{"$ref":"#/definitions/shape6"},"client_login_concurrency":{"$ref":"#/definitions/shape12"},"client_login_concurrency_per_source":{"$ref":"#/definitions/shape13"},"client_login_failure_delay":{"$ref":"#/definitions/shape6"},"client_tls_sslmode":{"$ref":"#/definitions/shape14"},"client_tls_key_file":{"$ref":"#/definitions/shape0"},"client_tls_cert_file":{"$ref":"#/definitions/shape0"},"client_tls_ca_file":{"$ref":"#/definitions/shape0"},"client_tls_protocols":{"$ref":"#/definitions/shape15"},"client_tls_ciphers":{"$ref":"#/definitions/shape0"},"query_timeout":{"$ref":"#/definitions/shape6"},"transaction_timeout":{"$ref":"#/definitions/shape6"},"idle_transaction_timeout":{"$ref":"#/definitions/shape6"},"client_idle_timeout":{"$ref":"#/definitions/shape6"},"disable_pqexec":{"$ref":"#/definitions/shape4"},"query_wait_notify":{"$ref":"#/definitions/shape6"},"login_notify_message":{"$ref":"#/definitions/shape0"},"max_client_conn":{"$ref":"#/definitions/shape16"},"max_db_client_connections":{"$ref":"#/definitions/shape17"},"max_user_client_connections":{"$ref":"#/definitions/shape17"},"max_client_listen_channels":{"$ref":"#/definitions/shape16"},"max_packet_size":{"$ref":"#/definitions/shape18"},"max_message_held":{"$ref":"#/definitions/shape19"},"client_write_buffer":{"$ref":"#/definitions/shape20"},"ignore_startup_parameters":{"$ref":"#/definitions/shape3"},"track_extra_parameters":{"$ref":"#/definitions/shape3"},"application_name_add_host":{"$ref":"#/definitions/shape4"},"pool_mode":{"$ref":"#/definitions/shape21"},"default_pool_size":{"$ref":"#/definitions/shape22"},"min_pool_size":{"$ref":"#/definitions/shape23"},"pool_idle_timeout":{"$ref":"#/definitions/shape6"},"server_round_robin":{"$ref":"#/definitions/shape4"},"reserve_pool_size":{"$ref":"#/definitions/shape23"},"reserve_pool_timeout":{"$ref":"#/definitions/shape6"},"max_db_connections":{"$ref":"#/definitions/shape13"},"max_user_connections":{"$ref":"#/definitions/shape13"},"autodb_idle_timeout":{"$ref":"#/definitions/shape6"},"query_wait_timeout":{"$ref":"#/definitions/shape6"},"server_idle_timeout":{"$ref":"#/definitions/shape6"},"server_lifetime":{"$ref":"#/definitions/shape6"},"server_lifetime_jitter":{"$ref":"#/definitions/shape24"},"server_connect_timeout":{"$ref":"#/definitions/shape6"},"load_balance_hosts":{"$ref":"#/definitions/shape25"},"dns_max_ttl":{"$ref":"#/definitions/shape6"},"dns_nxdomain_ttl":{"$ref":"#/definitions/shape6"},"server_login_retry":{"$ref":"#/definitions/shape6"},"server_login_concurrency":{"$ref":"#/definitions/shape9"},"cancel_wait_timeout":{"$ref":"#/definitions/shape6"},"cancel_abandoned_queries":{"$ref":"#/definitions/shape4"},"server_reset_query":{"$ref":"#/definitions/shape0"},"server_reset_query_always":{"$ref":"#/definitions/shape4"},"server_check_query":{"$ref":"#/definitions/shape0"},"server_check_delay":{"$ref":"#/definitions/shape6"},"server_check_timeout":{"$ref":"#/definitions/shape6"},"server_fast_close":{"$ref":"#/definitions/shape4"},"max_prepared_statements":{"$ref":"#/definitions/shape17"},"prepared_statements_memory":{"$ref":"#/definitions/shape26"},"server_write_buffer":{"$ref":"#/definitions/shape20"},"server_tls_sslmode":{"$ref":"#/definitions/shape14"},"server_tls_ca_file":{"$ref":"#/definitions/shape0"},"server_tls_cert_file":{"$ref":"#/definitions/shape0"},"server_tls_key_file":{"$ref":"#/definitions/shape0"},"server_tls_negotiation":{"$ref":"#/definitions/shape27"},"server_tls_resumption":{"$ref":"#/definitions/shape4"},"server_channel_binding":{"$ref":"#/definitions/shape28"},"server_tls_protocols":{"$ref":"#/definitions/shape15"},"server_tls_ciphers":{"$ref":"#/definitions/shape0"},"listen_idle_timeout":{"$ref":"#/definitions/shape6"},"listen_buffer":{"$ref":"#/definitions/shape19"},"max_listen_channels":{"$ref":"#/definitions/shape16"},"pin_advisory_locks":{"$ref":"#/definitions/shape29"},"pin_temporary_objects":{"$ref":"#/definitions/shape29"},"pin_cursors":{"$ref":"#/definitions/shape29"},"pin_libraries":{"$ref":"#/definitions/shape29"},"pin_sequences":{"$ref":"#/definitions/shape29"},"leak_check_every":{"$ref":"#/definitions/shape30"},"max_pinned":{"$ref":"#/definitions/shape23"},"sources":{"$ref":"#/definitions/shape3"},"environment":{"$ref":"#/definitions/shape0"},"unsafe_settings":{"$ref":"#/definitions/shape31"},"source_poll_interval":{"$ref":"#/definitions/shape6"},"source_settle_time":{"$ref":"#/definitions/shape6"},"secrets_command":{"$ref":"#/definitions/shape0"},"secret_command_timeout":{"$ref":"#/definitions/shape6"},"log_level":{"$ref":"#/definitions/shape32"},"log_format":{"$ref":"#/definitions/shape33"},"logfile":{"$ref":"#/definitions/shape0"},"syslog":{"$ref":"#/definitions/shape4"},"syslog_ident":{"$ref":"#/definitions/shape0"},"syslog_facility":{"$ref":"#/definitions/shape34"},"verbose":{"$ref":"#/definitions/shape35"},"log_connections":{"$ref":"#/definitions/shape4"},"log_disconnections":{"$ref":"#/definitions/shape4"},"log_pooler_errors":{"$ref":"#/definitions/shape4"},"log_stats":{"$ref":"#/definitions/shape4"},"stats_period":{"$ref":"#/definitions/shape6"},"control_socket":{"$ref":"#/definitions/shape0"},"suspend_timeout":{"$ref":"#/definitions/shape6"},"drain_timeout":{"$ref":"#/definitions/shape6"},"pidfile":{"$ref":"#/definitions/shape0"},"user":{"$ref":"#/definitions/shape0"},"databases":{"type":"object","additionalProperties":{"type":"object","properties":{"from":{"$ref":"#/definitions/shape0"},"url":{"$ref":"#/definitions/shape0"},"host":{"$ref":"#/definitions/shape0"},"port":{"$ref":"#/definitions/shape0"},"dbname":{"$ref":"#/definitions/shape0"},"user":{"$ref":"#/definitions/shape0"},"password":{"$ref":"#/definitions/shape0"},"password_file":{"$ref":"#/definitions/shape0"},"password_command":{"$ref":"#/definitions/shape0"},"secret_id":{"$ref":"#/definitions/shape0"},"password_next":{"$ref":"#/definitions/shape0"},"password_file_next":{"$ref":"#/definitions/shape0"},"password_command_next":{"$ref":"#/definitions/shape0"},"secret_id_next":{"$ref":"#/definitions/shape0"},"role":{"$ref":"#/definitions/shape36"},"force_user":{"$ref":"#/definitions/shape4"},"admit_user":{"$ref":"#/definitions/shape4"},"reserve_pool":{"$ref":"#/definitions/shape23"},"connect_query":{"$ref":"#/definitions/shape0"},"connect_timeout":{"$ref":"#/definitions/shape37"},"auth_user":{"$ref":"#/definitions/shape0"},"auth_query":{"$ref":"#/definitions/shape0"},"auth_dbname":{"$ref":"#/definitions/shape0"},"max_db_client_connections":{"$ref":"#/definitions/shape17"},"pool_mode":{"$ref":"#/definitions/shape21"},"pool_size":{"$ref":"#/definitions/shape22"},"min_pool_size":{"$ref":"#/definitions/shape23"},"reserve_pool_size":{"$ref":"#/definitions/shape23"},"max_db_connections":{"$ref":"#/definitions/shape13"},"query_wait_timeout":{"$ref":"#/definitions/shape6"},"server_lifetime":{"$ref":"#/definitions/shape6"},"load_balance_hosts":{"$ref":"#/definitions/shape25"},"sslmode":{"$ref":"#/definitions/shape14"},"sslrootcert":{"$ref":"#/definitions/shape0"},"sslcert":{"$ref":"#/definitions/shape0"},"sslkey":{"$ref":"#/definitions/shape0"},"sslnegotiation":{"$ref":"#/definitions/shape27"},"parameters":{"$ref":"#/definitions/shape38"}},"additionalProperties":false}},"users":{"type":"object","additionalProperties":{"type":"object","properties":{"password":{"$ref":"#/definitions/shape0"},"password_file":{"$ref":"#/definitions/shape0"},"password_command":{"$ref":"#/definitions/shape0"},"password_next":{"$ref":"#/definitions/shape0"},"password_file_next":{"$ref":"#/definitions/shape0"},"password_command_next":{"$ref":"#/definitions/shape0"},"valid_until":{"$ref":"#/definitions/shape0"},"databases":{"$ref":"#/definitions/shape3"},"query_timeout":{"$ref":"#/definitions/shape6"},"transaction_timeout":{"$ref":"#/definitions/shape6"},"idle_transaction_timeout":{"$ref":"#/definitions/shape6"},"client_idle_timeout":{"$ref":"#/definitions/shape6"},"max_user_client_connections":{"$ref":"#/definitions/shape17"},"pool_mode":{"$ref":"#/definitions/shape21"},"pool_size":{"$ref":"#/definitions/shape22"},"reserve_pool_size":{"$ref":"#/definitions/shape23"},"max_user_connections":{"$ref":"#/definitions/shape13"},"query_wait_timeout":{"$ref":"#/definitions/shape6"}},"additionalProperties":false}},"peers":{"type":"object","additionalProperties":{"type":"object","properties":{"host":{"$ref":"#/definitions/shape0"},"port":{"$ref":"#/definitions/shape2"},"pool_size":{"$ref":"#/definitions/shape22"}},"additionalProperties":false}}},"additionalProperties":false,"definitions":{"shape0":{"type":["string","number","boolean"]},"shape1":{"type":["integer","string"],"minimum":0,"pattern":"^\\s*(?:0o?)?[0-7]{1,4}\\s*$"},"shape2":{"type":["integer","string"],"minimum":1,"maximum":65535,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape3":{"type":["array","string","integer"],"items":{"type":["string","integer"]}},"shape4":{"type":["boolean","integer","string"],"minimum":0,"maximum":1},"shape5":{"type":["integer","string"],"minimum":0,"maximum":65535,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape6":{"type":["number","string"],"minimum":0,"pattern":"^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*(us|ms|s|min|h|d)?\\s*$"},"shape7":{"type":["integer","string"],"minimum":0,"maximum":127,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape8":{"enum":["scram-sha-256","md5","plain","peer","cert","hba","trust","any"]},"shape9":{"type":["integer","string"],"minimum":1,"maximum":1000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape10":{"type":["integer","string"],"minimum":1,"maximum":100,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape11":{"type":["integer","string"],"minimum":4096,"maximum":1000000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape12":{"type":["integer","string"],"minimum":1,"maximum":100000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape13":{"type":["integer","string"],"minimum":0,"maximum":100000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape14":{"enum":["disable","allow","prefer","require","verify-ca","verify-full"]},"shape15":{"enum":["secure","tlsv1.2","tlsv1.3"]},"shape16":{"type":["integer","string"],"minimum":1,"maximum":1000000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape17":{"type":["integer","string"],"minimum":0,"maximum":1000000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape18":{"type":["integer","string"],"minimum":16384,"maximum":2147483647,"pattern":"^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([bB]|[kKmMgG][bB]?)?\\s*$"},"shape19":{"type":["integer","string"],"minimum":16384,"maximum":1073741824,"pattern":"^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([bB]|[kKmMgG][bB]?)?\\s*$"},"shape20":{"type":["integer","string"],"minimum":16384,"maximum":67108864,"pattern":"^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([bB]|[kKmMgG][bB]?)?\\s*$"},"shape21":{"enum":["session","transaction","statement"]},"shape22":{"type":["integer","string"],"minimum":1,"maximum":10000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape23":{"type":["integer","string"],"minimum":0,"maximum":10000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape24":{"type":["integer","string"],"minimum":0,"maximum":100,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape25":{"enum":["disable","round-robin"]},"shape26":{"type":["integer","string"],"minimum":65536,"maximum":107374182400,"pattern":"^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([bB]|[kKmMgG][bB]?)?\\s*$"},"shape27":{"enum":["postgres","direct"]},"shape28":{"enum":["prefer","require","disable"]},"shape29":{"enum":["pin","error","warn","ignore"]},"shape30":{"type":["integer","string"],"minimum":0,"maximum":1000000000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape31":{"enum":["refuse","warn"]},"shape32":{"enum":["debug","info","warn","error"]},"shape33":{"enum":["auto","json","pretty","pgbouncer"]},"shape34":{"enum":["auth","authpriv","daemon","user","local0","local1","local2","local3","local4","local5","local6","local7"]},"shape35":{"type":["integer","string"],"minimum":0,"maximum":10,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape36":{"enum":["writer","replica"]},"shape37":{"type":["integer","string"],"minimum":-1,"maximum":86400,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"},"shape38":{"type":"object","additionalProperties":{"type":["string","number","boolean"]}}}};
const func2 = Object.prototype.hasOwnProperty;
const schema7 = {"type":["string","number","boolean"]};

function validate22(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(((typeof data !== "string") && (!(typeof data == "number"))) && (typeof data !== "boolean")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema7.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate22.errors = vErrors;
return errors === 0;
}

const schema8 = {"type":["integer","string"],"minimum":0,"pattern":"^\\s*(?:0o?)?[0-7]{1,4}\\s*$"};
const pattern0 = new RegExp("^\\s*(?:0o?)?[0-7]{1,4}\\s*$", "u");

function validate24(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema8.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data < 0 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern0.test(data)){
const err2 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*(?:0o?)?[0-7]{1,4}\\s*$"}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
validate24.errors = vErrors;
return errors === 0;
}

const schema9 = {"type":["integer","string"],"minimum":1,"maximum":65535,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};
const pattern1 = new RegExp("^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$", "u");

function validate27(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema9.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 65535 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 1 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate27.errors = vErrors;
return errors === 0;
}

const schema10 = {"type":["array","string","integer"],"items":{"type":["string","integer"]}};

function validate29(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(((!(Array.isArray(data))) && (typeof data !== "string")) && (!((typeof data == "number") && (!(data % 1) && !isNaN(data))))){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema10.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(Array.isArray(data)){
const len0 = data.length;
for(let i0=0; i0<len0; i0++){
let data0 = data[i0];
if((typeof data0 !== "string") && (!((typeof data0 == "number") && (!(data0 % 1) && !isNaN(data0))))){
const err1 = {instancePath:instancePath+"/" + i0,schemaPath:"#/items/type",keyword:"type",params:{type: schema10.items.type}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
}
validate29.errors = vErrors;
return errors === 0;
}

const schema11 = {"type":["boolean","integer","string"],"minimum":0,"maximum":1};

function validate31(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(((typeof data !== "boolean") && (!((typeof data == "number") && (!(data % 1) && !isNaN(data))))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema11.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 1 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 0 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
validate31.errors = vErrors;
return errors === 0;
}

const schema12 = {"type":["integer","string"],"minimum":0,"maximum":65535,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate33(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema12.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 65535 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 0 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate33.errors = vErrors;
return errors === 0;
}

const schema13 = {"type":["number","string"],"minimum":0,"pattern":"^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*(us|ms|s|min|h|d)?\\s*$"};
const pattern3 = new RegExp("^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*(us|ms|s|min|h|d)?\\s*$", "u");

function validate36(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!(typeof data == "number")) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema13.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data < 0 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern3.test(data)){
const err2 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*(us|ms|s|min|h|d)?\\s*$"}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
validate36.errors = vErrors;
return errors === 0;
}

const schema14 = {"type":["integer","string"],"minimum":0,"maximum":127,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate39(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema14.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 127 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 127}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 0 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate39.errors = vErrors;
return errors === 0;
}

const schema15 = {"enum":["scram-sha-256","md5","plain","peer","cert","hba","trust","any"]};

function validate42(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!((((((((data === "scram-sha-256") || (data === "md5")) || (data === "plain")) || (data === "peer")) || (data === "cert")) || (data === "hba")) || (data === "trust")) || (data === "any"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema15.enum}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate42.errors = vErrors;
return errors === 0;
}

const schema16 = {"type":["integer","string"],"minimum":1,"maximum":1000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate53(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema16.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 1000 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 1 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate53.errors = vErrors;
return errors === 0;
}

const schema17 = {"type":["integer","string"],"minimum":1,"maximum":100,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate55(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema17.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 100 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 100}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 1 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate55.errors = vErrors;
return errors === 0;
}

const schema18 = {"type":["integer","string"],"minimum":4096,"maximum":1000000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate59(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema18.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 1000000 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 4096 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 4096}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate59.errors = vErrors;
return errors === 0;
}

const schema19 = {"type":["integer","string"],"minimum":1,"maximum":100000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate62(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema19.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 100000 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 100000}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 1 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate62.errors = vErrors;
return errors === 0;
}

const schema20 = {"type":["integer","string"],"minimum":0,"maximum":100000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate64(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema20.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 100000 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 100000}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 0 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate64.errors = vErrors;
return errors === 0;
}

const schema21 = {"enum":["disable","allow","prefer","require","verify-ca","verify-full"]};

function validate67(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!((((((data === "disable") || (data === "allow")) || (data === "prefer")) || (data === "require")) || (data === "verify-ca")) || (data === "verify-full"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema21.enum}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate67.errors = vErrors;
return errors === 0;
}

const schema22 = {"enum":["secure","tlsv1.2","tlsv1.3"]};

function validate72(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!(((data === "secure") || (data === "tlsv1.2")) || (data === "tlsv1.3"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema22.enum}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate72.errors = vErrors;
return errors === 0;
}

const schema23 = {"type":["integer","string"],"minimum":1,"maximum":1000000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate82(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema23.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 1000000 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 1 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate82.errors = vErrors;
return errors === 0;
}

const schema24 = {"type":["integer","string"],"minimum":0,"maximum":1000000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate84(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema24.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 1000000 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 0 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate84.errors = vErrors;
return errors === 0;
}

const schema25 = {"type":["integer","string"],"minimum":16384,"maximum":2147483647,"pattern":"^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([bB]|[kKmMgG][bB]?)?\\s*$"};
const pattern12 = new RegExp("^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([bB]|[kKmMgG][bB]?)?\\s*$", "u");

function validate88(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema25.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 2147483647 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 2147483647}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 16384 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 16384}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern12.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([bB]|[kKmMgG][bB]?)?\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate88.errors = vErrors;
return errors === 0;
}

const schema26 = {"type":["integer","string"],"minimum":16384,"maximum":1073741824,"pattern":"^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([bB]|[kKmMgG][bB]?)?\\s*$"};

function validate90(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema26.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 1073741824 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1073741824}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 16384 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 16384}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern12.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([bB]|[kKmMgG][bB]?)?\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate90.errors = vErrors;
return errors === 0;
}

const schema27 = {"type":["integer","string"],"minimum":16384,"maximum":67108864,"pattern":"^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([bB]|[kKmMgG][bB]?)?\\s*$"};

function validate92(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema27.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 67108864 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 67108864}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 16384 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 16384}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern12.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([bB]|[kKmMgG][bB]?)?\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate92.errors = vErrors;
return errors === 0;
}

const schema28 = {"enum":["session","transaction","statement"]};

function validate97(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!(((data === "session") || (data === "transaction")) || (data === "statement"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema28.enum}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate97.errors = vErrors;
return errors === 0;
}

const schema29 = {"type":["integer","string"],"minimum":1,"maximum":10000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate99(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema29.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 10000 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 10000}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 1 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate99.errors = vErrors;
return errors === 0;
}

const schema30 = {"type":["integer","string"],"minimum":0,"maximum":10000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate101(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema30.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 10000 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 10000}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 0 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate101.errors = vErrors;
return errors === 0;
}

const schema31 = {"type":["integer","string"],"minimum":0,"maximum":100,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate113(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema31.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 100 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 100}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 0 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate113.errors = vErrors;
return errors === 0;
}

const schema32 = {"enum":["disable","round-robin"]};

function validate116(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!((data === "disable") || (data === "round-robin"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema32.enum}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate116.errors = vErrors;
return errors === 0;
}

const schema33 = {"type":["integer","string"],"minimum":65536,"maximum":107374182400,"pattern":"^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([bB]|[kKmMgG][bB]?)?\\s*$"};

function validate131(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema33.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 107374182400 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 107374182400}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 65536 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 65536}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern12.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*([0-9]+(?:\\.[0-9]+)?)\\s*([bB]|[kKmMgG][bB]?)?\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate131.errors = vErrors;
return errors === 0;
}

const schema34 = {"enum":["postgres","direct"]};

function validate138(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!((data === "postgres") || (data === "direct"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema34.enum}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate138.errors = vErrors;
return errors === 0;
}

const schema35 = {"enum":["prefer","require","disable"]};

function validate141(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!(((data === "prefer") || (data === "require")) || (data === "disable"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema35.enum}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate141.errors = vErrors;
return errors === 0;
}

const schema36 = {"enum":["pin","error","warn","ignore"]};

function validate148(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!((((data === "pin") || (data === "error")) || (data === "warn")) || (data === "ignore"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema36.enum}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate148.errors = vErrors;
return errors === 0;
}

const schema37 = {"type":["integer","string"],"minimum":0,"maximum":1000000000,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate154(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema37.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 1000000000 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 0 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate154.errors = vErrors;
return errors === 0;
}

const schema38 = {"enum":["refuse","warn"]};

function validate159(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!((data === "refuse") || (data === "warn"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema38.enum}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate159.errors = vErrors;
return errors === 0;
}

const schema39 = {"enum":["debug","info","warn","error"]};

function validate165(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!((((data === "debug") || (data === "info")) || (data === "warn")) || (data === "error"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema39.enum}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate165.errors = vErrors;
return errors === 0;
}

const schema40 = {"enum":["auto","json","pretty","pgbouncer"]};

function validate167(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!((((data === "auto") || (data === "json")) || (data === "pretty")) || (data === "pgbouncer"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema40.enum}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate167.errors = vErrors;
return errors === 0;
}

const schema41 = {"enum":["auth","authpriv","daemon","user","local0","local1","local2","local3","local4","local5","local6","local7"]};

function validate172(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!((((((((((((data === "auth") || (data === "authpriv")) || (data === "daemon")) || (data === "user")) || (data === "local0")) || (data === "local1")) || (data === "local2")) || (data === "local3")) || (data === "local4")) || (data === "local5")) || (data === "local6")) || (data === "local7"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema41.enum}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate172.errors = vErrors;
return errors === 0;
}

const schema42 = {"type":["integer","string"],"minimum":0,"maximum":10,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate174(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema42.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 10 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 10}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < 0 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate174.errors = vErrors;
return errors === 0;
}

const schema43 = {"enum":["writer","replica"]};

function validate200(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(!((data === "writer") || (data === "replica"))){
const err0 = {instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema43.enum}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
validate200.errors = vErrors;
return errors === 0;
}

const schema44 = {"type":["integer","string"],"minimum":-1,"maximum":86400,"pattern":"^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"};

function validate206(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if((!((typeof data == "number") && (!(data % 1) && !isNaN(data)))) && (typeof data !== "string")){
const err0 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: schema44.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(typeof data == "number"){
if(data > 86400 || isNaN(data)){
const err1 = {instancePath,schemaPath:"#/maximum",keyword:"maximum",params:{comparison: "<=", limit: 86400}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data < -1 || isNaN(data)){
const err2 = {instancePath,schemaPath:"#/minimum",keyword:"minimum",params:{comparison: ">=", limit: -1}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(typeof data === "string"){
if(!pattern1.test(data)){
const err3 = {instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^\\s*[+-]?[0-9]+(?:_[0-9]+)*\\s*$"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
validate206.errors = vErrors;
return errors === 0;
}

const schema45 = {"type":"object","additionalProperties":{"type":["string","number","boolean"]}};

function validate225(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 in data){
let data0 = data[key0];
if(((typeof data0 !== "string") && (!(typeof data0 == "number"))) && (typeof data0 !== "boolean")){
const err0 = {instancePath:instancePath+"/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/additionalProperties/type",keyword:"type",params:{type: schema45.additionalProperties.type}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
}
else {
const err1 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
validate225.errors = vErrors;
return errors === 0;
}


function validate21(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 in data){
if(!(func2.call(schema6.properties, key0))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0}};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.unix_socket_dir !== undefined){
if(!(validate22(data.unix_socket_dir, {instancePath:instancePath+"/unix_socket_dir",parentData:data,parentDataProperty:"unix_socket_dir",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.unix_socket_mode !== undefined){
if(!(validate24(data.unix_socket_mode, {instancePath:instancePath+"/unix_socket_mode",parentData:data,parentDataProperty:"unix_socket_mode",rootData}))){
vErrors = vErrors === null ? validate24.errors : vErrors.concat(validate24.errors);
errors = vErrors.length;
}
}
if(data.unix_socket_group !== undefined){
if(!(validate22(data.unix_socket_group, {instancePath:instancePath+"/unix_socket_group",parentData:data,parentDataProperty:"unix_socket_group",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.listen_port !== undefined){
if(!(validate27(data.listen_port, {instancePath:instancePath+"/listen_port",parentData:data,parentDataProperty:"listen_port",rootData}))){
vErrors = vErrors === null ? validate27.errors : vErrors.concat(validate27.errors);
errors = vErrors.length;
}
}
if(data.listen_addr !== undefined){
if(!(validate29(data.listen_addr, {instancePath:instancePath+"/listen_addr",parentData:data,parentDataProperty:"listen_addr",rootData}))){
vErrors = vErrors === null ? validate29.errors : vErrors.concat(validate29.errors);
errors = vErrors.length;
}
}
if(data.so_reuseport !== undefined){
if(!(validate31(data.so_reuseport, {instancePath:instancePath+"/so_reuseport",parentData:data,parentDataProperty:"so_reuseport",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.peer_id !== undefined){
if(!(validate33(data.peer_id, {instancePath:instancePath+"/peer_id",parentData:data,parentDataProperty:"peer_id",rootData}))){
vErrors = vErrors === null ? validate33.errors : vErrors.concat(validate33.errors);
errors = vErrors.length;
}
}
if(data.tcp_keepalive !== undefined){
if(!(validate31(data.tcp_keepalive, {instancePath:instancePath+"/tcp_keepalive",parentData:data,parentDataProperty:"tcp_keepalive",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.tcp_keepidle !== undefined){
if(!(validate36(data.tcp_keepidle, {instancePath:instancePath+"/tcp_keepidle",parentData:data,parentDataProperty:"tcp_keepidle",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.tcp_keepintvl !== undefined){
if(!(validate36(data.tcp_keepintvl, {instancePath:instancePath+"/tcp_keepintvl",parentData:data,parentDataProperty:"tcp_keepintvl",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.tcp_keepcnt !== undefined){
if(!(validate39(data.tcp_keepcnt, {instancePath:instancePath+"/tcp_keepcnt",parentData:data,parentDataProperty:"tcp_keepcnt",rootData}))){
vErrors = vErrors === null ? validate39.errors : vErrors.concat(validate39.errors);
errors = vErrors.length;
}
}
if(data.tcp_user_timeout !== undefined){
if(!(validate36(data.tcp_user_timeout, {instancePath:instancePath+"/tcp_user_timeout",parentData:data,parentDataProperty:"tcp_user_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.auth_type !== undefined){
if(!(validate42(data.auth_type, {instancePath:instancePath+"/auth_type",parentData:data,parentDataProperty:"auth_type",rootData}))){
vErrors = vErrors === null ? validate42.errors : vErrors.concat(validate42.errors);
errors = vErrors.length;
}
}
if(data.auth_hba_file !== undefined){
if(!(validate22(data.auth_hba_file, {instancePath:instancePath+"/auth_hba_file",parentData:data,parentDataProperty:"auth_hba_file",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.auth_ident_file !== undefined){
if(!(validate22(data.auth_ident_file, {instancePath:instancePath+"/auth_ident_file",parentData:data,parentDataProperty:"auth_ident_file",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.auth_file !== undefined){
if(!(validate22(data.auth_file, {instancePath:instancePath+"/auth_file",parentData:data,parentDataProperty:"auth_file",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.auth_user !== undefined){
if(!(validate22(data.auth_user, {instancePath:instancePath+"/auth_user",parentData:data,parentDataProperty:"auth_user",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.auth_query !== undefined){
if(!(validate22(data.auth_query, {instancePath:instancePath+"/auth_query",parentData:data,parentDataProperty:"auth_query",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.auth_dbname !== undefined){
if(!(validate22(data.auth_dbname, {instancePath:instancePath+"/auth_dbname",parentData:data,parentDataProperty:"auth_dbname",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.admin_users !== undefined){
if(!(validate29(data.admin_users, {instancePath:instancePath+"/admin_users",parentData:data,parentDataProperty:"admin_users",rootData}))){
vErrors = vErrors === null ? validate29.errors : vErrors.concat(validate29.errors);
errors = vErrors.length;
}
}
if(data.stats_users !== undefined){
if(!(validate29(data.stats_users, {instancePath:instancePath+"/stats_users",parentData:data,parentDataProperty:"stats_users",rootData}))){
vErrors = vErrors === null ? validate29.errors : vErrors.concat(validate29.errors);
errors = vErrors.length;
}
}
if(data.console_old_columns !== undefined){
if(!(validate31(data.console_old_columns, {instancePath:instancePath+"/console_old_columns",parentData:data,parentDataProperty:"console_old_columns",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.max_console_connections !== undefined){
if(!(validate53(data.max_console_connections, {instancePath:instancePath+"/max_console_connections",parentData:data,parentDataProperty:"max_console_connections",rootData}))){
vErrors = vErrors === null ? validate53.errors : vErrors.concat(validate53.errors);
errors = vErrors.length;
}
}
if(data.auth_query_pool_size !== undefined){
if(!(validate55(data.auth_query_pool_size, {instancePath:instancePath+"/auth_query_pool_size",parentData:data,parentDataProperty:"auth_query_pool_size",rootData}))){
vErrors = vErrors === null ? validate55.errors : vErrors.concat(validate55.errors);
errors = vErrors.length;
}
}
if(data.auth_query_timeout !== undefined){
if(!(validate36(data.auth_query_timeout, {instancePath:instancePath+"/auth_query_timeout",parentData:data,parentDataProperty:"auth_query_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.peer_map !== undefined){
if(!(validate29(data.peer_map, {instancePath:instancePath+"/peer_map",parentData:data,parentDataProperty:"peer_map",rootData}))){
vErrors = vErrors === null ? validate29.errors : vErrors.concat(validate29.errors);
errors = vErrors.length;
}
}
if(data.scram_iterations !== undefined){
if(!(validate59(data.scram_iterations, {instancePath:instancePath+"/scram_iterations",parentData:data,parentDataProperty:"scram_iterations",rootData}))){
vErrors = vErrors === null ? validate59.errors : vErrors.concat(validate59.errors);
errors = vErrors.length;
}
}
if(data.client_login_timeout !== undefined){
if(!(validate36(data.client_login_timeout, {instancePath:instancePath+"/client_login_timeout",parentData:data,parentDataProperty:"client_login_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.client_login_concurrency !== undefined){
if(!(validate62(data.client_login_concurrency, {instancePath:instancePath+"/client_login_concurrency",parentData:data,parentDataProperty:"client_login_concurrency",rootData}))){
vErrors = vErrors === null ? validate62.errors : vErrors.concat(validate62.errors);
errors = vErrors.length;
}
}
if(data.client_login_concurrency_per_source !== undefined){
if(!(validate64(data.client_login_concurrency_per_source, {instancePath:instancePath+"/client_login_concurrency_per_source",parentData:data,parentDataProperty:"client_login_concurrency_per_source",rootData}))){
vErrors = vErrors === null ? validate64.errors : vErrors.concat(validate64.errors);
errors = vErrors.length;
}
}
if(data.client_login_failure_delay !== undefined){
if(!(validate36(data.client_login_failure_delay, {instancePath:instancePath+"/client_login_failure_delay",parentData:data,parentDataProperty:"client_login_failure_delay",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.client_tls_sslmode !== undefined){
if(!(validate67(data.client_tls_sslmode, {instancePath:instancePath+"/client_tls_sslmode",parentData:data,parentDataProperty:"client_tls_sslmode",rootData}))){
vErrors = vErrors === null ? validate67.errors : vErrors.concat(validate67.errors);
errors = vErrors.length;
}
}
if(data.client_tls_key_file !== undefined){
if(!(validate22(data.client_tls_key_file, {instancePath:instancePath+"/client_tls_key_file",parentData:data,parentDataProperty:"client_tls_key_file",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.client_tls_cert_file !== undefined){
if(!(validate22(data.client_tls_cert_file, {instancePath:instancePath+"/client_tls_cert_file",parentData:data,parentDataProperty:"client_tls_cert_file",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.client_tls_ca_file !== undefined){
if(!(validate22(data.client_tls_ca_file, {instancePath:instancePath+"/client_tls_ca_file",parentData:data,parentDataProperty:"client_tls_ca_file",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.client_tls_protocols !== undefined){
if(!(validate72(data.client_tls_protocols, {instancePath:instancePath+"/client_tls_protocols",parentData:data,parentDataProperty:"client_tls_protocols",rootData}))){
vErrors = vErrors === null ? validate72.errors : vErrors.concat(validate72.errors);
errors = vErrors.length;
}
}
if(data.client_tls_ciphers !== undefined){
if(!(validate22(data.client_tls_ciphers, {instancePath:instancePath+"/client_tls_ciphers",parentData:data,parentDataProperty:"client_tls_ciphers",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.query_timeout !== undefined){
if(!(validate36(data.query_timeout, {instancePath:instancePath+"/query_timeout",parentData:data,parentDataProperty:"query_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.transaction_timeout !== undefined){
if(!(validate36(data.transaction_timeout, {instancePath:instancePath+"/transaction_timeout",parentData:data,parentDataProperty:"transaction_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.idle_transaction_timeout !== undefined){
if(!(validate36(data.idle_transaction_timeout, {instancePath:instancePath+"/idle_transaction_timeout",parentData:data,parentDataProperty:"idle_transaction_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.client_idle_timeout !== undefined){
if(!(validate36(data.client_idle_timeout, {instancePath:instancePath+"/client_idle_timeout",parentData:data,parentDataProperty:"client_idle_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.disable_pqexec !== undefined){
if(!(validate31(data.disable_pqexec, {instancePath:instancePath+"/disable_pqexec",parentData:data,parentDataProperty:"disable_pqexec",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.query_wait_notify !== undefined){
if(!(validate36(data.query_wait_notify, {instancePath:instancePath+"/query_wait_notify",parentData:data,parentDataProperty:"query_wait_notify",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.login_notify_message !== undefined){
if(!(validate22(data.login_notify_message, {instancePath:instancePath+"/login_notify_message",parentData:data,parentDataProperty:"login_notify_message",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.max_client_conn !== undefined){
if(!(validate82(data.max_client_conn, {instancePath:instancePath+"/max_client_conn",parentData:data,parentDataProperty:"max_client_conn",rootData}))){
vErrors = vErrors === null ? validate82.errors : vErrors.concat(validate82.errors);
errors = vErrors.length;
}
}
if(data.max_db_client_connections !== undefined){
if(!(validate84(data.max_db_client_connections, {instancePath:instancePath+"/max_db_client_connections",parentData:data,parentDataProperty:"max_db_client_connections",rootData}))){
vErrors = vErrors === null ? validate84.errors : vErrors.concat(validate84.errors);
errors = vErrors.length;
}
}
if(data.max_user_client_connections !== undefined){
if(!(validate84(data.max_user_client_connections, {instancePath:instancePath+"/max_user_client_connections",parentData:data,parentDataProperty:"max_user_client_connections",rootData}))){
vErrors = vErrors === null ? validate84.errors : vErrors.concat(validate84.errors);
errors = vErrors.length;
}
}
if(data.max_client_listen_channels !== undefined){
if(!(validate82(data.max_client_listen_channels, {instancePath:instancePath+"/max_client_listen_channels",parentData:data,parentDataProperty:"max_client_listen_channels",rootData}))){
vErrors = vErrors === null ? validate82.errors : vErrors.concat(validate82.errors);
errors = vErrors.length;
}
}
if(data.max_packet_size !== undefined){
if(!(validate88(data.max_packet_size, {instancePath:instancePath+"/max_packet_size",parentData:data,parentDataProperty:"max_packet_size",rootData}))){
vErrors = vErrors === null ? validate88.errors : vErrors.concat(validate88.errors);
errors = vErrors.length;
}
}
if(data.max_message_held !== undefined){
if(!(validate90(data.max_message_held, {instancePath:instancePath+"/max_message_held",parentData:data,parentDataProperty:"max_message_held",rootData}))){
vErrors = vErrors === null ? validate90.errors : vErrors.concat(validate90.errors);
errors = vErrors.length;
}
}
if(data.client_write_buffer !== undefined){
if(!(validate92(data.client_write_buffer, {instancePath:instancePath+"/client_write_buffer",parentData:data,parentDataProperty:"client_write_buffer",rootData}))){
vErrors = vErrors === null ? validate92.errors : vErrors.concat(validate92.errors);
errors = vErrors.length;
}
}
if(data.ignore_startup_parameters !== undefined){
if(!(validate29(data.ignore_startup_parameters, {instancePath:instancePath+"/ignore_startup_parameters",parentData:data,parentDataProperty:"ignore_startup_parameters",rootData}))){
vErrors = vErrors === null ? validate29.errors : vErrors.concat(validate29.errors);
errors = vErrors.length;
}
}
if(data.track_extra_parameters !== undefined){
if(!(validate29(data.track_extra_parameters, {instancePath:instancePath+"/track_extra_parameters",parentData:data,parentDataProperty:"track_extra_parameters",rootData}))){
vErrors = vErrors === null ? validate29.errors : vErrors.concat(validate29.errors);
errors = vErrors.length;
}
}
if(data.application_name_add_host !== undefined){
if(!(validate31(data.application_name_add_host, {instancePath:instancePath+"/application_name_add_host",parentData:data,parentDataProperty:"application_name_add_host",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.pool_mode !== undefined){
if(!(validate97(data.pool_mode, {instancePath:instancePath+"/pool_mode",parentData:data,parentDataProperty:"pool_mode",rootData}))){
vErrors = vErrors === null ? validate97.errors : vErrors.concat(validate97.errors);
errors = vErrors.length;
}
}
if(data.default_pool_size !== undefined){
if(!(validate99(data.default_pool_size, {instancePath:instancePath+"/default_pool_size",parentData:data,parentDataProperty:"default_pool_size",rootData}))){
vErrors = vErrors === null ? validate99.errors : vErrors.concat(validate99.errors);
errors = vErrors.length;
}
}
if(data.min_pool_size !== undefined){
if(!(validate101(data.min_pool_size, {instancePath:instancePath+"/min_pool_size",parentData:data,parentDataProperty:"min_pool_size",rootData}))){
vErrors = vErrors === null ? validate101.errors : vErrors.concat(validate101.errors);
errors = vErrors.length;
}
}
if(data.pool_idle_timeout !== undefined){
if(!(validate36(data.pool_idle_timeout, {instancePath:instancePath+"/pool_idle_timeout",parentData:data,parentDataProperty:"pool_idle_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.server_round_robin !== undefined){
if(!(validate31(data.server_round_robin, {instancePath:instancePath+"/server_round_robin",parentData:data,parentDataProperty:"server_round_robin",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.reserve_pool_size !== undefined){
if(!(validate101(data.reserve_pool_size, {instancePath:instancePath+"/reserve_pool_size",parentData:data,parentDataProperty:"reserve_pool_size",rootData}))){
vErrors = vErrors === null ? validate101.errors : vErrors.concat(validate101.errors);
errors = vErrors.length;
}
}
if(data.reserve_pool_timeout !== undefined){
if(!(validate36(data.reserve_pool_timeout, {instancePath:instancePath+"/reserve_pool_timeout",parentData:data,parentDataProperty:"reserve_pool_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.max_db_connections !== undefined){
if(!(validate64(data.max_db_connections, {instancePath:instancePath+"/max_db_connections",parentData:data,parentDataProperty:"max_db_connections",rootData}))){
vErrors = vErrors === null ? validate64.errors : vErrors.concat(validate64.errors);
errors = vErrors.length;
}
}
if(data.max_user_connections !== undefined){
if(!(validate64(data.max_user_connections, {instancePath:instancePath+"/max_user_connections",parentData:data,parentDataProperty:"max_user_connections",rootData}))){
vErrors = vErrors === null ? validate64.errors : vErrors.concat(validate64.errors);
errors = vErrors.length;
}
}
if(data.autodb_idle_timeout !== undefined){
if(!(validate36(data.autodb_idle_timeout, {instancePath:instancePath+"/autodb_idle_timeout",parentData:data,parentDataProperty:"autodb_idle_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.query_wait_timeout !== undefined){
if(!(validate36(data.query_wait_timeout, {instancePath:instancePath+"/query_wait_timeout",parentData:data,parentDataProperty:"query_wait_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.server_idle_timeout !== undefined){
if(!(validate36(data.server_idle_timeout, {instancePath:instancePath+"/server_idle_timeout",parentData:data,parentDataProperty:"server_idle_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.server_lifetime !== undefined){
if(!(validate36(data.server_lifetime, {instancePath:instancePath+"/server_lifetime",parentData:data,parentDataProperty:"server_lifetime",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.server_lifetime_jitter !== undefined){
if(!(validate113(data.server_lifetime_jitter, {instancePath:instancePath+"/server_lifetime_jitter",parentData:data,parentDataProperty:"server_lifetime_jitter",rootData}))){
vErrors = vErrors === null ? validate113.errors : vErrors.concat(validate113.errors);
errors = vErrors.length;
}
}
if(data.server_connect_timeout !== undefined){
if(!(validate36(data.server_connect_timeout, {instancePath:instancePath+"/server_connect_timeout",parentData:data,parentDataProperty:"server_connect_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.load_balance_hosts !== undefined){
if(!(validate116(data.load_balance_hosts, {instancePath:instancePath+"/load_balance_hosts",parentData:data,parentDataProperty:"load_balance_hosts",rootData}))){
vErrors = vErrors === null ? validate116.errors : vErrors.concat(validate116.errors);
errors = vErrors.length;
}
}
if(data.dns_max_ttl !== undefined){
if(!(validate36(data.dns_max_ttl, {instancePath:instancePath+"/dns_max_ttl",parentData:data,parentDataProperty:"dns_max_ttl",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.dns_nxdomain_ttl !== undefined){
if(!(validate36(data.dns_nxdomain_ttl, {instancePath:instancePath+"/dns_nxdomain_ttl",parentData:data,parentDataProperty:"dns_nxdomain_ttl",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.server_login_retry !== undefined){
if(!(validate36(data.server_login_retry, {instancePath:instancePath+"/server_login_retry",parentData:data,parentDataProperty:"server_login_retry",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.server_login_concurrency !== undefined){
if(!(validate53(data.server_login_concurrency, {instancePath:instancePath+"/server_login_concurrency",parentData:data,parentDataProperty:"server_login_concurrency",rootData}))){
vErrors = vErrors === null ? validate53.errors : vErrors.concat(validate53.errors);
errors = vErrors.length;
}
}
if(data.cancel_wait_timeout !== undefined){
if(!(validate36(data.cancel_wait_timeout, {instancePath:instancePath+"/cancel_wait_timeout",parentData:data,parentDataProperty:"cancel_wait_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.cancel_abandoned_queries !== undefined){
if(!(validate31(data.cancel_abandoned_queries, {instancePath:instancePath+"/cancel_abandoned_queries",parentData:data,parentDataProperty:"cancel_abandoned_queries",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.server_reset_query !== undefined){
if(!(validate22(data.server_reset_query, {instancePath:instancePath+"/server_reset_query",parentData:data,parentDataProperty:"server_reset_query",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.server_reset_query_always !== undefined){
if(!(validate31(data.server_reset_query_always, {instancePath:instancePath+"/server_reset_query_always",parentData:data,parentDataProperty:"server_reset_query_always",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.server_check_query !== undefined){
if(!(validate22(data.server_check_query, {instancePath:instancePath+"/server_check_query",parentData:data,parentDataProperty:"server_check_query",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.server_check_delay !== undefined){
if(!(validate36(data.server_check_delay, {instancePath:instancePath+"/server_check_delay",parentData:data,parentDataProperty:"server_check_delay",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.server_check_timeout !== undefined){
if(!(validate36(data.server_check_timeout, {instancePath:instancePath+"/server_check_timeout",parentData:data,parentDataProperty:"server_check_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.server_fast_close !== undefined){
if(!(validate31(data.server_fast_close, {instancePath:instancePath+"/server_fast_close",parentData:data,parentDataProperty:"server_fast_close",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.max_prepared_statements !== undefined){
if(!(validate84(data.max_prepared_statements, {instancePath:instancePath+"/max_prepared_statements",parentData:data,parentDataProperty:"max_prepared_statements",rootData}))){
vErrors = vErrors === null ? validate84.errors : vErrors.concat(validate84.errors);
errors = vErrors.length;
}
}
if(data.prepared_statements_memory !== undefined){
if(!(validate131(data.prepared_statements_memory, {instancePath:instancePath+"/prepared_statements_memory",parentData:data,parentDataProperty:"prepared_statements_memory",rootData}))){
vErrors = vErrors === null ? validate131.errors : vErrors.concat(validate131.errors);
errors = vErrors.length;
}
}
if(data.server_write_buffer !== undefined){
if(!(validate92(data.server_write_buffer, {instancePath:instancePath+"/server_write_buffer",parentData:data,parentDataProperty:"server_write_buffer",rootData}))){
vErrors = vErrors === null ? validate92.errors : vErrors.concat(validate92.errors);
errors = vErrors.length;
}
}
if(data.server_tls_sslmode !== undefined){
if(!(validate67(data.server_tls_sslmode, {instancePath:instancePath+"/server_tls_sslmode",parentData:data,parentDataProperty:"server_tls_sslmode",rootData}))){
vErrors = vErrors === null ? validate67.errors : vErrors.concat(validate67.errors);
errors = vErrors.length;
}
}
if(data.server_tls_ca_file !== undefined){
if(!(validate22(data.server_tls_ca_file, {instancePath:instancePath+"/server_tls_ca_file",parentData:data,parentDataProperty:"server_tls_ca_file",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.server_tls_cert_file !== undefined){
if(!(validate22(data.server_tls_cert_file, {instancePath:instancePath+"/server_tls_cert_file",parentData:data,parentDataProperty:"server_tls_cert_file",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.server_tls_key_file !== undefined){
if(!(validate22(data.server_tls_key_file, {instancePath:instancePath+"/server_tls_key_file",parentData:data,parentDataProperty:"server_tls_key_file",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.server_tls_negotiation !== undefined){
if(!(validate138(data.server_tls_negotiation, {instancePath:instancePath+"/server_tls_negotiation",parentData:data,parentDataProperty:"server_tls_negotiation",rootData}))){
vErrors = vErrors === null ? validate138.errors : vErrors.concat(validate138.errors);
errors = vErrors.length;
}
}
if(data.server_tls_resumption !== undefined){
if(!(validate31(data.server_tls_resumption, {instancePath:instancePath+"/server_tls_resumption",parentData:data,parentDataProperty:"server_tls_resumption",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.server_channel_binding !== undefined){
if(!(validate141(data.server_channel_binding, {instancePath:instancePath+"/server_channel_binding",parentData:data,parentDataProperty:"server_channel_binding",rootData}))){
vErrors = vErrors === null ? validate141.errors : vErrors.concat(validate141.errors);
errors = vErrors.length;
}
}
if(data.server_tls_protocols !== undefined){
if(!(validate72(data.server_tls_protocols, {instancePath:instancePath+"/server_tls_protocols",parentData:data,parentDataProperty:"server_tls_protocols",rootData}))){
vErrors = vErrors === null ? validate72.errors : vErrors.concat(validate72.errors);
errors = vErrors.length;
}
}
if(data.server_tls_ciphers !== undefined){
if(!(validate22(data.server_tls_ciphers, {instancePath:instancePath+"/server_tls_ciphers",parentData:data,parentDataProperty:"server_tls_ciphers",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.listen_idle_timeout !== undefined){
if(!(validate36(data.listen_idle_timeout, {instancePath:instancePath+"/listen_idle_timeout",parentData:data,parentDataProperty:"listen_idle_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.listen_buffer !== undefined){
if(!(validate90(data.listen_buffer, {instancePath:instancePath+"/listen_buffer",parentData:data,parentDataProperty:"listen_buffer",rootData}))){
vErrors = vErrors === null ? validate90.errors : vErrors.concat(validate90.errors);
errors = vErrors.length;
}
}
if(data.max_listen_channels !== undefined){
if(!(validate82(data.max_listen_channels, {instancePath:instancePath+"/max_listen_channels",parentData:data,parentDataProperty:"max_listen_channels",rootData}))){
vErrors = vErrors === null ? validate82.errors : vErrors.concat(validate82.errors);
errors = vErrors.length;
}
}
if(data.pin_advisory_locks !== undefined){
if(!(validate148(data.pin_advisory_locks, {instancePath:instancePath+"/pin_advisory_locks",parentData:data,parentDataProperty:"pin_advisory_locks",rootData}))){
vErrors = vErrors === null ? validate148.errors : vErrors.concat(validate148.errors);
errors = vErrors.length;
}
}
if(data.pin_temporary_objects !== undefined){
if(!(validate148(data.pin_temporary_objects, {instancePath:instancePath+"/pin_temporary_objects",parentData:data,parentDataProperty:"pin_temporary_objects",rootData}))){
vErrors = vErrors === null ? validate148.errors : vErrors.concat(validate148.errors);
errors = vErrors.length;
}
}
if(data.pin_cursors !== undefined){
if(!(validate148(data.pin_cursors, {instancePath:instancePath+"/pin_cursors",parentData:data,parentDataProperty:"pin_cursors",rootData}))){
vErrors = vErrors === null ? validate148.errors : vErrors.concat(validate148.errors);
errors = vErrors.length;
}
}
if(data.pin_libraries !== undefined){
if(!(validate148(data.pin_libraries, {instancePath:instancePath+"/pin_libraries",parentData:data,parentDataProperty:"pin_libraries",rootData}))){
vErrors = vErrors === null ? validate148.errors : vErrors.concat(validate148.errors);
errors = vErrors.length;
}
}
if(data.pin_sequences !== undefined){
if(!(validate148(data.pin_sequences, {instancePath:instancePath+"/pin_sequences",parentData:data,parentDataProperty:"pin_sequences",rootData}))){
vErrors = vErrors === null ? validate148.errors : vErrors.concat(validate148.errors);
errors = vErrors.length;
}
}
if(data.leak_check_every !== undefined){
if(!(validate154(data.leak_check_every, {instancePath:instancePath+"/leak_check_every",parentData:data,parentDataProperty:"leak_check_every",rootData}))){
vErrors = vErrors === null ? validate154.errors : vErrors.concat(validate154.errors);
errors = vErrors.length;
}
}
if(data.max_pinned !== undefined){
if(!(validate101(data.max_pinned, {instancePath:instancePath+"/max_pinned",parentData:data,parentDataProperty:"max_pinned",rootData}))){
vErrors = vErrors === null ? validate101.errors : vErrors.concat(validate101.errors);
errors = vErrors.length;
}
}
if(data.sources !== undefined){
if(!(validate29(data.sources, {instancePath:instancePath+"/sources",parentData:data,parentDataProperty:"sources",rootData}))){
vErrors = vErrors === null ? validate29.errors : vErrors.concat(validate29.errors);
errors = vErrors.length;
}
}
if(data.environment !== undefined){
if(!(validate22(data.environment, {instancePath:instancePath+"/environment",parentData:data,parentDataProperty:"environment",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.unsafe_settings !== undefined){
if(!(validate159(data.unsafe_settings, {instancePath:instancePath+"/unsafe_settings",parentData:data,parentDataProperty:"unsafe_settings",rootData}))){
vErrors = vErrors === null ? validate159.errors : vErrors.concat(validate159.errors);
errors = vErrors.length;
}
}
if(data.source_poll_interval !== undefined){
if(!(validate36(data.source_poll_interval, {instancePath:instancePath+"/source_poll_interval",parentData:data,parentDataProperty:"source_poll_interval",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.source_settle_time !== undefined){
if(!(validate36(data.source_settle_time, {instancePath:instancePath+"/source_settle_time",parentData:data,parentDataProperty:"source_settle_time",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.secrets_command !== undefined){
if(!(validate22(data.secrets_command, {instancePath:instancePath+"/secrets_command",parentData:data,parentDataProperty:"secrets_command",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.secret_command_timeout !== undefined){
if(!(validate36(data.secret_command_timeout, {instancePath:instancePath+"/secret_command_timeout",parentData:data,parentDataProperty:"secret_command_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.log_level !== undefined){
if(!(validate165(data.log_level, {instancePath:instancePath+"/log_level",parentData:data,parentDataProperty:"log_level",rootData}))){
vErrors = vErrors === null ? validate165.errors : vErrors.concat(validate165.errors);
errors = vErrors.length;
}
}
if(data.log_format !== undefined){
if(!(validate167(data.log_format, {instancePath:instancePath+"/log_format",parentData:data,parentDataProperty:"log_format",rootData}))){
vErrors = vErrors === null ? validate167.errors : vErrors.concat(validate167.errors);
errors = vErrors.length;
}
}
if(data.logfile !== undefined){
if(!(validate22(data.logfile, {instancePath:instancePath+"/logfile",parentData:data,parentDataProperty:"logfile",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.syslog !== undefined){
if(!(validate31(data.syslog, {instancePath:instancePath+"/syslog",parentData:data,parentDataProperty:"syslog",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.syslog_ident !== undefined){
if(!(validate22(data.syslog_ident, {instancePath:instancePath+"/syslog_ident",parentData:data,parentDataProperty:"syslog_ident",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.syslog_facility !== undefined){
if(!(validate172(data.syslog_facility, {instancePath:instancePath+"/syslog_facility",parentData:data,parentDataProperty:"syslog_facility",rootData}))){
vErrors = vErrors === null ? validate172.errors : vErrors.concat(validate172.errors);
errors = vErrors.length;
}
}
if(data.verbose !== undefined){
if(!(validate174(data.verbose, {instancePath:instancePath+"/verbose",parentData:data,parentDataProperty:"verbose",rootData}))){
vErrors = vErrors === null ? validate174.errors : vErrors.concat(validate174.errors);
errors = vErrors.length;
}
}
if(data.log_connections !== undefined){
if(!(validate31(data.log_connections, {instancePath:instancePath+"/log_connections",parentData:data,parentDataProperty:"log_connections",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.log_disconnections !== undefined){
if(!(validate31(data.log_disconnections, {instancePath:instancePath+"/log_disconnections",parentData:data,parentDataProperty:"log_disconnections",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.log_pooler_errors !== undefined){
if(!(validate31(data.log_pooler_errors, {instancePath:instancePath+"/log_pooler_errors",parentData:data,parentDataProperty:"log_pooler_errors",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.log_stats !== undefined){
if(!(validate31(data.log_stats, {instancePath:instancePath+"/log_stats",parentData:data,parentDataProperty:"log_stats",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data.stats_period !== undefined){
if(!(validate36(data.stats_period, {instancePath:instancePath+"/stats_period",parentData:data,parentDataProperty:"stats_period",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.control_socket !== undefined){
if(!(validate22(data.control_socket, {instancePath:instancePath+"/control_socket",parentData:data,parentDataProperty:"control_socket",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.suspend_timeout !== undefined){
if(!(validate36(data.suspend_timeout, {instancePath:instancePath+"/suspend_timeout",parentData:data,parentDataProperty:"suspend_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.drain_timeout !== undefined){
if(!(validate36(data.drain_timeout, {instancePath:instancePath+"/drain_timeout",parentData:data,parentDataProperty:"drain_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data.pidfile !== undefined){
if(!(validate22(data.pidfile, {instancePath:instancePath+"/pidfile",parentData:data,parentDataProperty:"pidfile",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.user !== undefined){
if(!(validate22(data.user, {instancePath:instancePath+"/user",parentData:data,parentDataProperty:"user",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data.databases !== undefined){
let data128 = data.databases;
if(data128 && typeof data128 == "object" && !Array.isArray(data128)){
for(const key1 in data128){
let data129 = data128[key1];
if(data129 && typeof data129 == "object" && !Array.isArray(data129)){
for(const key2 in data129){
if(!(func2.call(schema6.properties.databases.additionalProperties.properties, key2))){
const err1 = {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/databases/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2}};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data129.from !== undefined){
if(!(validate22(data129.from, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/from",parentData:data129,parentDataProperty:"from",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.url !== undefined){
if(!(validate22(data129.url, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/url",parentData:data129,parentDataProperty:"url",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.host !== undefined){
if(!(validate22(data129.host, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/host",parentData:data129,parentDataProperty:"host",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.port !== undefined){
if(!(validate22(data129.port, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/port",parentData:data129,parentDataProperty:"port",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.dbname !== undefined){
if(!(validate22(data129.dbname, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/dbname",parentData:data129,parentDataProperty:"dbname",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.user !== undefined){
if(!(validate22(data129.user, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/user",parentData:data129,parentDataProperty:"user",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.password !== undefined){
if(!(validate22(data129.password, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/password",parentData:data129,parentDataProperty:"password",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.password_file !== undefined){
if(!(validate22(data129.password_file, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/password_file",parentData:data129,parentDataProperty:"password_file",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.password_command !== undefined){
if(!(validate22(data129.password_command, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/password_command",parentData:data129,parentDataProperty:"password_command",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.secret_id !== undefined){
if(!(validate22(data129.secret_id, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/secret_id",parentData:data129,parentDataProperty:"secret_id",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.password_next !== undefined){
if(!(validate22(data129.password_next, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/password_next",parentData:data129,parentDataProperty:"password_next",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.password_file_next !== undefined){
if(!(validate22(data129.password_file_next, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/password_file_next",parentData:data129,parentDataProperty:"password_file_next",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.password_command_next !== undefined){
if(!(validate22(data129.password_command_next, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/password_command_next",parentData:data129,parentDataProperty:"password_command_next",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.secret_id_next !== undefined){
if(!(validate22(data129.secret_id_next, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/secret_id_next",parentData:data129,parentDataProperty:"secret_id_next",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.role !== undefined){
if(!(validate200(data129.role, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/role",parentData:data129,parentDataProperty:"role",rootData}))){
vErrors = vErrors === null ? validate200.errors : vErrors.concat(validate200.errors);
errors = vErrors.length;
}
}
if(data129.force_user !== undefined){
if(!(validate31(data129.force_user, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/force_user",parentData:data129,parentDataProperty:"force_user",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data129.admit_user !== undefined){
if(!(validate31(data129.admit_user, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/admit_user",parentData:data129,parentDataProperty:"admit_user",rootData}))){
vErrors = vErrors === null ? validate31.errors : vErrors.concat(validate31.errors);
errors = vErrors.length;
}
}
if(data129.reserve_pool !== undefined){
if(!(validate101(data129.reserve_pool, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/reserve_pool",parentData:data129,parentDataProperty:"reserve_pool",rootData}))){
vErrors = vErrors === null ? validate101.errors : vErrors.concat(validate101.errors);
errors = vErrors.length;
}
}
if(data129.connect_query !== undefined){
if(!(validate22(data129.connect_query, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/connect_query",parentData:data129,parentDataProperty:"connect_query",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.connect_timeout !== undefined){
if(!(validate206(data129.connect_timeout, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/connect_timeout",parentData:data129,parentDataProperty:"connect_timeout",rootData}))){
vErrors = vErrors === null ? validate206.errors : vErrors.concat(validate206.errors);
errors = vErrors.length;
}
}
if(data129.auth_user !== undefined){
if(!(validate22(data129.auth_user, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/auth_user",parentData:data129,parentDataProperty:"auth_user",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.auth_query !== undefined){
if(!(validate22(data129.auth_query, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/auth_query",parentData:data129,parentDataProperty:"auth_query",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.auth_dbname !== undefined){
if(!(validate22(data129.auth_dbname, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/auth_dbname",parentData:data129,parentDataProperty:"auth_dbname",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.max_db_client_connections !== undefined){
if(!(validate84(data129.max_db_client_connections, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/max_db_client_connections",parentData:data129,parentDataProperty:"max_db_client_connections",rootData}))){
vErrors = vErrors === null ? validate84.errors : vErrors.concat(validate84.errors);
errors = vErrors.length;
}
}
if(data129.pool_mode !== undefined){
if(!(validate97(data129.pool_mode, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool_mode",parentData:data129,parentDataProperty:"pool_mode",rootData}))){
vErrors = vErrors === null ? validate97.errors : vErrors.concat(validate97.errors);
errors = vErrors.length;
}
}
if(data129.pool_size !== undefined){
if(!(validate99(data129.pool_size, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool_size",parentData:data129,parentDataProperty:"pool_size",rootData}))){
vErrors = vErrors === null ? validate99.errors : vErrors.concat(validate99.errors);
errors = vErrors.length;
}
}
if(data129.min_pool_size !== undefined){
if(!(validate101(data129.min_pool_size, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/min_pool_size",parentData:data129,parentDataProperty:"min_pool_size",rootData}))){
vErrors = vErrors === null ? validate101.errors : vErrors.concat(validate101.errors);
errors = vErrors.length;
}
}
if(data129.reserve_pool_size !== undefined){
if(!(validate101(data129.reserve_pool_size, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/reserve_pool_size",parentData:data129,parentDataProperty:"reserve_pool_size",rootData}))){
vErrors = vErrors === null ? validate101.errors : vErrors.concat(validate101.errors);
errors = vErrors.length;
}
}
if(data129.max_db_connections !== undefined){
if(!(validate64(data129.max_db_connections, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/max_db_connections",parentData:data129,parentDataProperty:"max_db_connections",rootData}))){
vErrors = vErrors === null ? validate64.errors : vErrors.concat(validate64.errors);
errors = vErrors.length;
}
}
if(data129.query_wait_timeout !== undefined){
if(!(validate36(data129.query_wait_timeout, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/query_wait_timeout",parentData:data129,parentDataProperty:"query_wait_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data129.server_lifetime !== undefined){
if(!(validate36(data129.server_lifetime, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/server_lifetime",parentData:data129,parentDataProperty:"server_lifetime",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data129.load_balance_hosts !== undefined){
if(!(validate116(data129.load_balance_hosts, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/load_balance_hosts",parentData:data129,parentDataProperty:"load_balance_hosts",rootData}))){
vErrors = vErrors === null ? validate116.errors : vErrors.concat(validate116.errors);
errors = vErrors.length;
}
}
if(data129.sslmode !== undefined){
if(!(validate67(data129.sslmode, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/sslmode",parentData:data129,parentDataProperty:"sslmode",rootData}))){
vErrors = vErrors === null ? validate67.errors : vErrors.concat(validate67.errors);
errors = vErrors.length;
}
}
if(data129.sslrootcert !== undefined){
if(!(validate22(data129.sslrootcert, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/sslrootcert",parentData:data129,parentDataProperty:"sslrootcert",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.sslcert !== undefined){
if(!(validate22(data129.sslcert, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/sslcert",parentData:data129,parentDataProperty:"sslcert",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.sslkey !== undefined){
if(!(validate22(data129.sslkey, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/sslkey",parentData:data129,parentDataProperty:"sslkey",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data129.sslnegotiation !== undefined){
if(!(validate138(data129.sslnegotiation, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/sslnegotiation",parentData:data129,parentDataProperty:"sslnegotiation",rootData}))){
vErrors = vErrors === null ? validate138.errors : vErrors.concat(validate138.errors);
errors = vErrors.length;
}
}
if(data129.parameters !== undefined){
if(!(validate225(data129.parameters, {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/parameters",parentData:data129,parentDataProperty:"parameters",rootData}))){
vErrors = vErrors === null ? validate225.errors : vErrors.concat(validate225.errors);
errors = vErrors.length;
}
}
}
else {
const err2 = {instancePath:instancePath+"/databases/" + key1.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/databases/additionalProperties/type",keyword:"type",params:{type: "object"}};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
}
else {
const err3 = {instancePath:instancePath+"/databases",schemaPath:"#/properties/databases/type",keyword:"type",params:{type: "object"}};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.users !== undefined){
let data168 = data.users;
if(data168 && typeof data168 == "object" && !Array.isArray(data168)){
for(const key3 in data168){
let data169 = data168[key3];
if(data169 && typeof data169 == "object" && !Array.isArray(data169)){
for(const key4 in data169){
if(!(func2.call(schema6.properties.users.additionalProperties.properties, key4))){
const err4 = {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/users/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4}};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data169.password !== undefined){
if(!(validate22(data169.password, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/password",parentData:data169,parentDataProperty:"password",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data169.password_file !== undefined){
if(!(validate22(data169.password_file, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/password_file",parentData:data169,parentDataProperty:"password_file",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data169.password_command !== undefined){
if(!(validate22(data169.password_command, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/password_command",parentData:data169,parentDataProperty:"password_command",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data169.password_next !== undefined){
if(!(validate22(data169.password_next, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/password_next",parentData:data169,parentDataProperty:"password_next",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data169.password_file_next !== undefined){
if(!(validate22(data169.password_file_next, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/password_file_next",parentData:data169,parentDataProperty:"password_file_next",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data169.password_command_next !== undefined){
if(!(validate22(data169.password_command_next, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/password_command_next",parentData:data169,parentDataProperty:"password_command_next",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data169.valid_until !== undefined){
if(!(validate22(data169.valid_until, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/valid_until",parentData:data169,parentDataProperty:"valid_until",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data169.databases !== undefined){
if(!(validate29(data169.databases, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/databases",parentData:data169,parentDataProperty:"databases",rootData}))){
vErrors = vErrors === null ? validate29.errors : vErrors.concat(validate29.errors);
errors = vErrors.length;
}
}
if(data169.query_timeout !== undefined){
if(!(validate36(data169.query_timeout, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/query_timeout",parentData:data169,parentDataProperty:"query_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data169.transaction_timeout !== undefined){
if(!(validate36(data169.transaction_timeout, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/transaction_timeout",parentData:data169,parentDataProperty:"transaction_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data169.idle_transaction_timeout !== undefined){
if(!(validate36(data169.idle_transaction_timeout, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/idle_transaction_timeout",parentData:data169,parentDataProperty:"idle_transaction_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data169.client_idle_timeout !== undefined){
if(!(validate36(data169.client_idle_timeout, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/client_idle_timeout",parentData:data169,parentDataProperty:"client_idle_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
if(data169.max_user_client_connections !== undefined){
if(!(validate84(data169.max_user_client_connections, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/max_user_client_connections",parentData:data169,parentDataProperty:"max_user_client_connections",rootData}))){
vErrors = vErrors === null ? validate84.errors : vErrors.concat(validate84.errors);
errors = vErrors.length;
}
}
if(data169.pool_mode !== undefined){
if(!(validate97(data169.pool_mode, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool_mode",parentData:data169,parentDataProperty:"pool_mode",rootData}))){
vErrors = vErrors === null ? validate97.errors : vErrors.concat(validate97.errors);
errors = vErrors.length;
}
}
if(data169.pool_size !== undefined){
if(!(validate99(data169.pool_size, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool_size",parentData:data169,parentDataProperty:"pool_size",rootData}))){
vErrors = vErrors === null ? validate99.errors : vErrors.concat(validate99.errors);
errors = vErrors.length;
}
}
if(data169.reserve_pool_size !== undefined){
if(!(validate101(data169.reserve_pool_size, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/reserve_pool_size",parentData:data169,parentDataProperty:"reserve_pool_size",rootData}))){
vErrors = vErrors === null ? validate101.errors : vErrors.concat(validate101.errors);
errors = vErrors.length;
}
}
if(data169.max_user_connections !== undefined){
if(!(validate64(data169.max_user_connections, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/max_user_connections",parentData:data169,parentDataProperty:"max_user_connections",rootData}))){
vErrors = vErrors === null ? validate64.errors : vErrors.concat(validate64.errors);
errors = vErrors.length;
}
}
if(data169.query_wait_timeout !== undefined){
if(!(validate36(data169.query_wait_timeout, {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1")+"/query_wait_timeout",parentData:data169,parentDataProperty:"query_wait_timeout",rootData}))){
vErrors = vErrors === null ? validate36.errors : vErrors.concat(validate36.errors);
errors = vErrors.length;
}
}
}
else {
const err5 = {instancePath:instancePath+"/users/" + key3.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/users/additionalProperties/type",keyword:"type",params:{type: "object"}};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
}
else {
const err6 = {instancePath:instancePath+"/users",schemaPath:"#/properties/users/type",keyword:"type",params:{type: "object"}};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data.peers !== undefined){
let data188 = data.peers;
if(data188 && typeof data188 == "object" && !Array.isArray(data188)){
for(const key5 in data188){
let data189 = data188[key5];
if(data189 && typeof data189 == "object" && !Array.isArray(data189)){
for(const key6 in data189){
if(!(((key6 === "host") || (key6 === "port")) || (key6 === "pool_size"))){
const err7 = {instancePath:instancePath+"/peers/" + key5.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/peers/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key6}};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data189.host !== undefined){
if(!(validate22(data189.host, {instancePath:instancePath+"/peers/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/host",parentData:data189,parentDataProperty:"host",rootData}))){
vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors);
errors = vErrors.length;
}
}
if(data189.port !== undefined){
if(!(validate27(data189.port, {instancePath:instancePath+"/peers/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/port",parentData:data189,parentDataProperty:"port",rootData}))){
vErrors = vErrors === null ? validate27.errors : vErrors.concat(validate27.errors);
errors = vErrors.length;
}
}
if(data189.pool_size !== undefined){
if(!(validate99(data189.pool_size, {instancePath:instancePath+"/peers/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool_size",parentData:data189,parentDataProperty:"pool_size",rootData}))){
vErrors = vErrors === null ? validate99.errors : vErrors.concat(validate99.errors);
errors = vErrors.length;
}
}
}
else {
const err8 = {instancePath:instancePath+"/peers/" + key5.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/peers/additionalProperties/type",keyword:"type",params:{type: "object"}};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
}
else {
const err9 = {instancePath:instancePath+"/peers",schemaPath:"#/properties/peers/type",keyword:"type",params:{type: "object"}};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
}
else {
const err10 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"}};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
validate21.errors = vErrors;
return errors === 0;
}

