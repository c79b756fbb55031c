// The domains of this app, as its OpenAPI document declares them.
import { get, segment } from "./api.js";

export async function readDomains() {
  const openapi = await get("/api/openapi.json");
  const schemas = openapi.components.schemas;
  return {
    info: openapi.info,
    all: openapi["x-domains"].map((each) => new Domain(each, schemas)),
  };
}

class Domain {
  constructor(declared, schemas) {
    Object.assign(this, declared);
    this.schemas = schemas;
    this.schema = this.resolved(schemas[declared.request]);
    this.example = this.schema.examples?.[0] ?? {};
  }

  // Follow a reference; the document has none that leads to another one and back.
  resolved(schema) {
    const name = schema.$ref?.replace("#/components/schemas/", "");
    return name ? { ...this.resolved(this.schemas[name]), ...schema, $ref: undefined } : schema;
  }

  get post() { return `/api/${this.plural}`; }

  of(key) { return `/api/${this.keys}/${segment(key)}`; }

  page(key, after, limit) { return `${this.of(key)}/${this.plural}?after=${after}&limit=${limit}`; }

  entry(key, place) { return `${this.of(key)}/${this.plural}/${place}`; }

  story(key, requestId) { return `${this.of(key)}/stories/${segment(requestId)}`; }
}

// `customerId` is a `customer id`.
export const words = (name) => name.replace(/(?<=[a-z0-9])([A-Z])/g, " $1").replaceAll("_", " ").toLowerCase();

// What became of an entry, and what there is to show of it.
export function statusOf(entry) {
  if (entry.erased === true && Object.keys(entry).length === 3) return "erased";
  return entry.refused?.code !== undefined && Object.keys(entry).length === 3 ? "refused" : "created";
}

export function contentOf(domain, entry) {
  const { [domain.key]: _key, [domain.place]: _place, ...content } = entry;
  return content;
}
