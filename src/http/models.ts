import type { WireModel } from '../wire/openai.ts';
import type { Catalogue, Offer } from './catalogue.ts';
import type { TeamHandler } from './handler.ts';
import { sendJson } from './reply.ts';

/** `GET /v1/models`. `created` is the second in which this gateway started. */
export function createModelListHandler(catalogue: Catalogue, created: number): TeamHandler {
  return (exchange, principal) => {
    const data = catalogue.models(principal).map((offer) => renderModel(offer, created));
    sendJson(exchange, 200, { object: 'list', data });
  };
}

/** `GET /v1/models/{id}`, the id already decoded. */
export function createModelHandler(catalogue: Catalogue, created: number): (id: string) => TeamHandler {
  return (id) => (exchange, principal) => {
    sendJson(exchange, 200, renderModel(catalogue.model(id, principal), created));
  };
}

function renderModel({ name }: Offer, created: number): WireModel {
  return { id: name, object: 'model', created, owned_by: 'assay' };
}
