// A carrier on node-smpp that speaks SMPP 5.0: it says how busy it is and takes cell
// broadcasts. It listens on loopback and writes down what node-smpp has read, a JSON
// object a line, before it answers.
//
// usage: node carrier5.js NODE_MODULES JOURNAL [OPTION=VALUE …]
//
//   version=HH     sc_interface_version in hexadecimal; 50 unless said
//   congestion=N   congestion_state in its answers to submit_sm
//   down=NAME      the area of this name cannot be reached
'use strict';

const fs = require('fs');
const path = require('path');
const [modules, journalPath, ...options] = process.argv.slice(2);
const {version = '50', congestion, down} = Object.fromEntries(options.map((o) => o.split('=')));
const smpp = require(path.join(modules, 'smpp'));

// node-smpp 0.5.1 has the commands of 5.0 and their TLVs, but lets broadcast_area_success
// stand in a PDU only once; SMPP 5.0 has one for each area.
smpp.addTLV('broadcast_area_success', {id: 0x0608, type: smpp.types.tlv.int8, multiple: true});

const journal = fs.openSync(journalPath, 'a');
const note = (entry) => fs.writeSync(journal, JSON.stringify(entry) + '\n');

const broadcasts = new Map(); // by message_id
let lastID = 0x50000000;

const source = (pdu) => ({ton: pdu.source_addr_ton, npi: pdu.source_addr_npi, address: pdu.source_addr});

// point reads an ellipsoid point, 3GPP TS 23.032 section 6.1, which node-smpp leaves alone.
function point(octets, at) {
	const n = octets.readUIntBE(at, 3);
	const latitude = (n % 0x800000) * 90 / 0x800000;
	return [n >= 0x800000 ? -latitude : latitude, octets.readIntBE(at + 3, 3) * 360 / 0x1000000];
}

// shape is an area with its details in degrees and metres: 3GPP TS 23.032, sections
// 7.3.4 and 7.3.7.
function shape({format, data}) {
	switch (format) {
	case smpp.BROADCAST_AREA_FORMAT.ALIAS:
		return {format: 'alias', alias: data};
	case smpp.BROADCAST_AREA_FORMAT.ELLIPSOID_ARC: {
		const inner = data.readUInt16BE(7) * 5;
		return {
			format: 'arc', type: data[0] >> 4, octets: data.length, points: [point(data, 1)],
			inner, outer: inner + 10 * (1.1 ** (data[9] & 0x7F) - 1), from: data[10] * 2, angle: (data[11] + 1) * 2,
		};
	}
	case smpp.BROADCAST_AREA_FORMAT.POLYGON: {
		const points = Array.from({length: data[0] & 0x0F}, (_, i) => point(data, 1 + 6 * i));
		return {format: 'polygon', type: data[0] >> 4, octets: data.length, points};
	}
	}
	return {format: String(format)};
}

// Writing a PDU, node-smpp puts octets in the place of its areas.
const copies = (areas) => areas.map((a) => ({...a}));

function broadcast(session, pdu) {
	const areas = pdu.broadcast_area_identifier || [];
	const content = pdu.broadcast_content_type || {}, frequency = pdu.broadcast_frequency_interval || {};
	note({
		command: pdu.command, service: pdu.service_type, source: source(pdu), id: pdu.message_id, priority: pdu.priority_flag,
		schedule: pdu.schedule_delivery_time, validity: pdu.validity_period, replace: pdu.replace_if_present_flag,
		coding: pdu.data_coding, canned: pdu.sm_default_msg_id, areas: areas.map(shape),
		network: content.network, content: content.content_type, repeat: pdu.broadcast_rep_num,
		unit: frequency.unit, every: frequency.interval, text: pdu.message_payload && pdu.message_payload.message,
	});
	const lost = areas.filter((a) => a.data === down);
	if (lost.length === areas.length) {
		session.send(pdu.response({command_status: smpp.ESME_RINVBCASTALIAS_NAME}));
		return;
	}
	const id = (lastID++).toString(16);
	broadcasts.set(id, {areas: areas.filter((a) => a.data !== down), source: pdu.source_addr, state: smpp.MESSAGE_STATE.ENROUTE});
	session.send(pdu.response({
		message_id: id, failed_broadcast_area_identifier: copies(lost),
		broadcast_error_status: lost.map(() => smpp.ESME_RINVBCASTALIAS_NAME),
	}));
}

// known is the broadcast that a request speaks of, when it is the asker's own.
function known(pdu) {
	note({command: pdu.command, service: pdu.service_type, source: source(pdu), id: pdu.message_id});
	const b = broadcasts.get(pdu.message_id);
	return b && b.source === pdu.source_addr ? b : undefined;
}

function serve(session) {
	session.on('error', (err) => note({command: 'error', text: String(err)}));
	const bind = (pdu) => {
		note({command: pdu.command, text: `${pdu.system_id} ${pdu.password} ${pdu.interface_version.toString(16)}`});
		session.send(pdu.response({system_id: 'node', sc_interface_version: parseInt(version, 16)}));
	};
	session.on('bind_transceiver', bind);
	session.on('bind_transmitter', bind);
	session.on('submit_sm', (pdu) => {
		note({command: pdu.command, source: source(pdu), text: pdu.short_message.message});
		session.send(pdu.response({message_id: (lastID++).toString(16), congestion_state: Number(congestion)}));
	});
	session.on('broadcast_sm', (pdu) => broadcast(session, pdu));
	session.on('query_broadcast_sm', (pdu) => {
		const b = known(pdu);
		if (!b) {
			session.send(pdu.response({command_status: smpp.ESME_RINVMSGID}));
			return;
		}
		session.send(pdu.response({
			message_id: pdu.message_id, message_state: b.state, broadcast_area_identifier: copies(b.areas),
			broadcast_area_success: b.areas.map((_, i) => [60, 255][i % 2]), // 255: it does not know
		}));
	});
	session.on('cancel_broadcast_sm', (pdu) => {
		const b = known(pdu);
		if (!b || b.state !== smpp.MESSAGE_STATE.ENROUTE) {
			session.send(pdu.response({command_status: smpp.ESME_RBCASTCANCELFAIL}));
			return;
		}
		b.state = smpp.MESSAGE_STATE.DELETED;
		session.send(pdu.response());
	});
	session.on('enquire_link', (pdu) => session.send(pdu.response()));
	session.on('unbind', (pdu) => {
		note({command: pdu.command});
		session.send(pdu.response());
		session.close();
	});
	session.on('unknown', (pdu) => {
		note({command: 'error', text: 'unknown command ' + pdu.command_id});
		session.send(pdu.response());
	});
}

const server = smpp.createServer(serve);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
