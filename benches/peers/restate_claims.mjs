// Carries claims from the draft to the assessment as Restate workflows.
// Usage: node restate_claims.mjs PORT; serves the handlers on this port of 127.0.0.1.
//
// Each act of a person resolves a durable promise of the claim's workflow. Each act is a step that is
// recorded in Restate's log. Approving also takes the claim's key, a virtual object of which there is one.

// Node.js before version 22 lacks this function, which the SDK needs.
Promise.withResolvers ??= () => {
  let resolve, reject;
  const promise = new Promise((...functions) => ([resolve, reject] = functions));
  return { promise, resolve, reject };
};
const restate = await import("@restatedev/restate-sdk");

const claim = restate.workflow({
  name: "claim",
  handlers: {
    run: async (ctx) => {
      const record = async (state, action) => {
        await ctx.run(action, () => action);
        ctx.set("state", state);
      };
      await record("EDITING", "created");
      await ctx.promise("evidence");
      await record("EDITING", "evidence_added");
      await ctx.promise("submit");
      await record("SUBMITTED", "submitted");
      await ctx.promise("assign");
      await record("SUBMITTED", "reviewer_assigned");
      await ctx.promise("start");
      await record("UNDER_REVIEW", "review_started");
      await ctx.promise("approve");
      await ctx.objectClient(association, ctx.key).hold(ctx.key);
      await record("APPROVED", "approved");
      await ctx.promise("consent");
      await record("APPROVED", "customer_approved");
      await record("OFFICIAL", "official");
      await record("OFFICIAL", "assessed");
      return ctx.key;
    },
    act: async (ctx, what) => {
      await ctx.promise(what).resolve("done");
      return what;
    },
  },
});

const association = restate.object({
  name: "association",
  handlers: {
    hold: async (ctx, claim) => {
      const holder = await ctx.get("holder");
      if (holder && holder !== claim) throw new restate.TerminalError("the key is held by another claim");
      ctx.set("holder", claim);
      return claim;
    },
  },
});

restate.serve({ services: [claim, association], port: Number(process.argv[2]) });
