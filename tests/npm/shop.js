"use strict";

const asked = new URLSearchParams(location.search);
const index = asked.get("index");
const { liteClient } = window["algoliasearch/lite"];
const searchClient = liteClient("vitrine", asked.get("key"), {
  hosts: [{ url: asked.get("api"), accept: "readWrite", protocol: "http" }],
  // The client's own are 1 s and 2 s, which a busy machine of tests may miss.
  timeouts: { connect: 20000, read: 20000, write: 20000 },
});
const search = instantsearch({ indexName: index, searchClient, future: { preserveSharedStateOnUnmount: true } });
const widgets = instantsearch.widgets;

search.addWidgets([
  widgets.configure({ hitsPerPage: Number(asked.get("size") || 8), clickAnalytics: true }),
  widgets.searchBox({ container: "#searchbox", placeholder: "Search the shop" }),
  widgets.sortBy({
    container: "#sort",
    items: [
      { label: "Relevance", value: index },
      { label: "Cheapest first", value: `${index}_price_asc` },
      { label: "Dearest first", value: `${index}_price_desc` },
      { label: "Newest first", value: `${index}_newest` },
    ],
  }),
  widgets.hierarchicalMenu({ container: "#categories", attributes: ["categories.lvl0", "categories.lvl1", "categories.lvl2"] }),
  widgets.refinementList({
    container: "#brands", attribute: "brand", searchable: true, searchablePlaceholder: "Search brands", limit: 6,
  }),
  widgets.refinementList({ container: "#colours", attribute: "color", operator: "or", limit: 8 }),
  widgets.rangeSlider({ container: "#price", attribute: "price" }),
  widgets.toggleRefinement({ container: "#stock", attribute: "in_stock", templates: { labelText: "In stock" } }),
  widgets.clearRefinements({ container: "#clear" }),
  widgets.currentRefinements({ container: "#refinements" }),
  widgets.stats({ container: "#stats", templates: { text: (data) => `${data.nbHits} products` } }),
  widgets.hits({
    container: "#hits",
    templates: {
      item: (hit, { html, components }) => html`
        <img src="${hit.image}" alt="" />
        <h3>${components.Highlight({ hit, attribute: "title" })}</h3>
        <p>${hit.brand || ""}</p>
        <p class="price">${hit.price === null ? "" : `${hit.price.toFixed(2)} ${hit.currency}`}</p>`,
      empty: (results, { html }) => html`<p>Nothing matches “${results.query}”.</p>`,
    },
  }),
  widgets.pagination({ container: "#pages" }),
]);
search.start();
