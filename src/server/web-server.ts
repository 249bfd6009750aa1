import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';

/** Answers one request. */
export type WebHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of HTTP, with TLS or without. */
export type WebServer = HttpServer | HttpsServer;
