-- The roles with which the services run. `cpor migrate --grant-to 'cpor_{service}'` grants them their rights on tables.
-- The passwords are for experiments on one machine. Elsewhere each role needs a password of its own, from a secret.
CREATE ROLE cpor_claim_intake LOGIN PASSWORD 'cpor';
CREATE ROLE cpor_poe_review LOGIN PASSWORD 'cpor';
CREATE ROLE cpor_customer_consent LOGIN PASSWORD 'cpor';
CREATE ROLE cpor_eligibility LOGIN PASSWORD 'cpor';
CREATE ROLE cpor_registry LOGIN PASSWORD 'cpor';
