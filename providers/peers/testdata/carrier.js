// A carrier on node-smpp: it listens on loopback, decides by the last digits of a
// number what becomes of a message, and writes down what it does, a JSON object a
// line, before it answers. The test decides by the same rule; it is in fates_test.go.
//
// usage: node carrier.js NODE_MODULES JOURNAL [OPTION=VALUE …]
//
//   key, cert    PEM files: it speaks TLS
//   multi=no     it does not know submit_multi
//   goodbye=N    it ends a session with unbind, once, after N submits
'use strict';

const fs = require('fs');
const path = require('path');
const [modules, journalPath, ...options] = process.argv.slice(2);
const {key, cert, multi, goodbye} = Object.fromEntries(options.map((o) => o.split('=')));
const smpp = require(path.join(modules, 'smpp'));

const journal = fs.openSync(journalPath, 'a');
const note = (entry) => fs.writeSync(journal, JSON.stringify(entry) + '\n');

// refusals by the last two digits.
const refusals = {'07': smpp.ESME_RINVDSTADR, '57': smpp.ESME_RX_R_APPN};
// putOff is for numbers with these last two digits, once.
const putOff = '19';
// stats by the last two digits: what the receipt says; the others are delivered.
const stats = {'03': 'UNDELIV', '33': 'EXPIRED', '63': 'REJECTD', '93': 'DELETED'};
const states = {ENROUTE: 1, DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, REJECTD: 8};

let lastID = 0x10000000;
const seen = new Set();
const receivers = []; // sessions that take receipts
const owed = []; // receipts nobody could be given yet
let submits = 0;

// statusOf is what the carrier answers for one number and segment.
function statusOf(number, part) {
	const end = number.slice(-2);
	if (end in refusals) return refusals[end];
	if (end === putOff && !seen.has(number + '/' + part)) {
		seen.add(number + '/' + part);
		return smpp.ESME_RMSGQFUL;
	}
	return smpp.ESME_ROK;
}

// read is the text of a submit and its place in a longer one.
function read(pdu) {
	const m = pdu.short_message;
	let part = 1, parts = 1, reference = 0;
	for (const element of m.udh || []) {
		if (element[0] === 0 && element[1] === 3) [reference, parts, part] = element.slice(2);
	}
	return {text: m.message, part, parts, reference};
}

// receipt is the PDU that says what became of a message: in TLVs, in text, or in
// both; as data_sm now and then; the id in the notation of the response, in
// hexadecimal with or without zeros in front, or in capitals.
function receipt(to, source, id, stat) {
	const n = Number(to.slice(-6));
	const hex = id.toString(16);
	const name = [String(id), hex, '000' + hex.toUpperCase()][n % 3];
	const form = ['tlv', 'text', 'both'][Math.floor(n / 3) % 3];
	const options = {
		source_addr_ton: 1, source_addr_npi: 1, source_addr: to,
		dest_addr_ton: source.ton, dest_addr_npi: source.npi, destination_addr: source.addr,
		esm_class: stat === 'ENROUTE' ? 0x20 : 0x04,
	};
	const text = `id:${name} sub:001 dlvrd:${stat === 'DELIVRD' ? '001' : '000'} submit date:2601020304 ` +
		`done date:260102030405 stat:${stat} err:${stat === 'DELIVRD' ? '000' : '027'} text:stat:BOGUS id:0`;
	if (form !== 'tlv') options.short_message = {message: text};
	if (form !== 'text') {
		options.receipted_message_id = name;
		options.message_state = states[stat];
	}
	if (n % 11 === 0 && form === 'tlv') return new smpp.PDU('data_sm', options);
	return new smpp.PDU('deliver_sm', options);
}

// tell sends a receipt on a connection that takes them; what is not acknowledged
// when the connection closes is sent again on another.
function tell(receipt, entry) {
	const session = receivers[receivers.length - 1];
	if (!session) {
		owed.push([receipt, entry]);
		return;
	}
	const pdu = receipt();
	session.send(pdu, (answer) => {
		session.unacknowledged.delete(pdu);
		note({kind: 'acknowledged', status: answer.command_status, ...entry});
	});
	session.unacknowledged.set(pdu, [receipt, entry]);
}

// submit takes a message for its numbers; answer is given the refused ones.
function submit(session, pdu, numbers, answer) {
	if (++submits === Number(goodbye)) {
		session.unbind((answer) => {
			note({kind: 'goodbye', status: answer.command_status});
			session.close();
		});
	}
	const message = read(pdu);
	const id = lastID++;
	const source = {ton: pdu.source_addr_ton, npi: pdu.source_addr_npi, addr: pdu.source_addr};
	const refused = [];
	const early = [], late = [];
	for (const number of numbers) {
		const status = statusOf(number, message.part);
		note({
			kind: status ? 'refused' : 'taken', number, status, id: String(id), command: pdu.command, destinations: numbers.length,
			coding: pdu.data_coding, source: pdu.source_addr, ...message,
		});
		if (status) {
			refused.push({dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: number, error_status_code: status});
			continue;
		}
		if (!(pdu.registered_delivery & 3)) continue;
		const stat = stats[number.slice(-2)] || 'DELIVRD';
		const n = Number(number.slice(-3));
		const queue = n % 5 === 0 ? early : late; // before the response
		const say = (stat) => queue.push([() => receipt(number, source, id, stat), {number, stat}]);
		if (n % 4 === 0) say('ENROUTE');
		say(stat);
		if (n % 10 === 1) say(stat); // twice
	}
	early.forEach((r) => tell(...r));
	answer(String(id), refused);
	setImmediate(() => late.forEach((r) => tell(...r)));
}

function serve(session) {
	session.on('error', (err) => note({kind: 'error', text: String(err)}));
	session.unacknowledged = new Map();
	session.on('close', () => {
		const i = receivers.indexOf(session);
		if (i >= 0) receivers.splice(i, 1);
		session.unacknowledged.forEach((r) => tell(...r));
	});
	const bind = (receives) => (pdu) => {
		note({kind: 'bind', command: pdu.command, text: `${pdu.system_id} ${pdu.password} ${pdu.interface_version.toString(16)}`});
		session.send(pdu.response({system_id: 'node'}));
		if (receives) {
			receivers.push(session);
			owed.splice(0).forEach((r) => tell(...r));
		}
	};
	session.on('bind_transceiver', bind(true));
	session.on('bind_receiver', bind(true));
	session.on('bind_transmitter', bind(false));
	session.on('submit_sm', (pdu) => submit(session, pdu, [pdu.destination_addr], (id, refused) => {
		session.send(pdu.response(refused.length ? {command_status: refused[0].error_status_code} : {message_id: id}));
	}));
	session.on('submit_multi', (pdu) => multi === 'no' ? session.send(pdu.response({command_status: smpp.ESME_RINVCMDID})) : submit(session, pdu, pdu.dest_address.map((d) => d.destination_addr), (id, refused) => {
		session.send(pdu.response({message_id: id, unsuccess_sme: refused}));
	}));
	session.on('enquire_link', (pdu) => session.send(pdu.response()));
	session.on('unbind', (pdu) => {
		note({kind: 'unbind'});
		session.send(pdu.response());
		session.close();
	});
	session.on('unknown', (pdu) => {
		note({kind: 'error', text: 'unknown command ' + pdu.command_id});
		session.send(pdu.response());
	});
}

const server = smpp.createServer(key ? {key: fs.readFileSync(key), cert: fs.readFileSync(cert)} : {}, serve);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
