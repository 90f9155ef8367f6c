mod properties;
mod renewed_requests;
mod rules;
mod transition_table;
